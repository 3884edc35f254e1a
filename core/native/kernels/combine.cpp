// Rows that share an index: added into tables, reduced by segment, combined with each other,
// counted.
//
// A task owns some rows of the result, or some of its columns, and takes what belongs to them in
// order: no two threads meet, and sums have one order.
#include "../parallel.h"
#include "../types.h"

namespace {

enum Combination : int64_t { SUM = 0, PRODUCT = 1, MAXIMUM = 2, MINIMUM = 3, LAST = 4 };

constexpr int64_t OWNERS = 16;  // tasks of a large table
constexpr int64_t SMALL = 1 << 14;  // elements that one task adds up
constexpr int64_t COLUMNS = 1 << 8;  // of a task, where rows are combined

template <int64_t KIND, class T> INLINE T join(T a, T b) {
    switch (KIND) {
        case SUM: return T(a + b);
        case PRODUCT: return T(a * b);
        case MAXIMUM: return a > b || a != a ? a : b;
        case MINIMUM: return a < b || a != a ? a : b;
        default: return b;
    }
}
template <int64_t KIND, class T> INLINE void join_row(T *to, const T *from, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = join<KIND>(to[i], from[i]);
}
// body(Kind) with KIND as a constant.
template <int64_t KIND> struct Kind {
    static constexpr int64_t value = KIND;
};
template <class Body> void by_kind(int64_t kind, const Body &body) {
    switch (kind) {
        case SUM: return body(Kind<SUM>{});
        case PRODUCT: return body(Kind<PRODUCT>{});
        case MAXIMUM: return body(Kind<MAXIMUM>{});
        case MINIMUM: return body(Kind<MINIMUM>{});
        default: return body(Kind<LAST>{});
    }
}

// Which rows each task takes, where tasks own spans of as many indices, a power of two: noted in
// the workspace, row by row in order, by one pass over the indices that counts and one that notes.
struct Shares {
    int64_t size, count, shift, owners;
    int32_t *rows;
    int64_t begin[OWNERS + 1];

    Shares(int64_t size, int64_t count, bool is_split, char *workspace)
        : size(size), count(count), shift(0), rows((int32_t *)workspace) {
        const int64_t owned = divide_up(greater(1, size), is_split ? OWNERS : 1);
        while (int64_t(1) << shift < owned) ++shift;
        owners = divide_up(size, int64_t(1) << shift);
    }
    int64_t first(int64_t owner) const { return owner << shift; }
    int64_t last(int64_t owner) const { return smaller(size, (owner + 1) << shift); }

    // place(i): the index of row i; one that is not in 0 <= index < size belongs to nobody.
    template <class PlaceOf> void note(const PlaceOf &place) {
        int64_t counts[OWNERS + 1] = {};
        const auto owner = [&](int64_t i) {
            const int64_t index = place(i);
            return uint64_t(index) < uint64_t(size) ? index >> shift : OWNERS;
        };
        for (int64_t i = 0; i < count; ++i) ++counts[owner(i)];
        begin[0] = 0;
        for (int64_t k = 0; k < OWNERS; ++k)
            begin[k + 1] = begin[k] + counts[k], counts[k] = begin[k];
        for (int64_t i = 0; i < count; ++i)
            if (const int64_t k = owner(i); k < OWNERS) rows[counts[k]++] = int32_t(i);
    }
    // body(row) for those of an owner.
    template <class Body> void each(int64_t owner, const Body &body) const {
        for (int64_t i = begin[owner]; i < begin[owner + 1]; ++i) body(rows[i]);
    }
};
int64_t shares_bytes(int64_t count) { return count * int64_t(sizeof(int32_t)); }

// Tables ------------------------------------------------------------------------------------------

// ints: type, batch, before, size, width, count, index bytes.
// buffers: rows (batch, before, count, width), indices (batch, count), table (batch, before, size,
// width): zeros, and the rows added where their indices say; negative ones count from the end.
int64_t scatter_bytes(const int64_t *v) { return shares_bytes(v[5]); }

template <class T> void clear_rows(Call *call, int64_t group, int64_t first, int64_t last) {
    const int64_t size = call->ints[3], width = call->ints[4];
    T *table = (T *)call->buffers[2] + (group * size + first) * width;
    __builtin_memset(table, 0, size_t((last - first) * width) * sizeof(T));
}
template <class T> void add_row(Call *call, const Indices &indices, int64_t group, int64_t i) {
    const int64_t *v = call->ints;
    const int64_t size = v[3], width = v[4], count = v[5];
    const int64_t index = indices.place(group / v[2] * count + i, size);
    T *table = (T *)call->buffers[2] + group * size * width;
    join_row<SUM>(table + index * width, (const T *)call->buffers[0] + (group * count + i) * width,
                  width);
}
template <class T> void add_rows(Call *call) {
    const int64_t *v = call->ints;
    const int64_t tables = v[1] * v[2], size = v[3], count = v[5];
    const Indices indices{call->buffers[1], v[6]};
    if (tables >= OWNERS || size * v[4] < SMALL) {  // a task has some tables
        const int64_t wanted = SMALL / greater(1, (size + count) * v[4]);
        const int64_t grain = greater(divide_up(tables, OWNERS), wanted);
        return parallel_spans(call, tables, grain, [&](int64_t begin, int64_t end) {
            for (int64_t group = begin; group < end; ++group) {
                clear_rows<T>(call, group, 0, size);
                for (int64_t i = 0; i < count; ++i) add_row<T>(call, indices, group, i);
            }
        });
    }
    for (int64_t group = 0; group < tables; ++group) {  // or some rows of one
        Shares shares(size, count, true, call->workspace);
        const int64_t at = group / v[2] * count;
        shares.note([&](int64_t i) { return indices.place(at + i, size); });
        parallel(call, shares.owners, 0, [&](int64_t owner, char *) {
            clear_rows<T>(call, group, shares.first(owner), shares.last(owner));
            shares.each(owner, [&](int64_t i) { add_row<T>(call, indices, group, i); });
        });
    }
}
void scatter_rows(Call *call) {
    const int64_t *v = call->ints;
    const Indices indices{call->buffers[1], v[6]};
    if (v[2] && !indices.are_within(v[1] * v[5], v[3], call)) return;
    if (v[1] * v[2] * v[3] * v[4] == 0) return;
    by_number(v[0], [&](auto type) { add_rows<TypeOf<decltype(type)>>(call); });
}

// For each row of a table, which of the picked rows are its own, in order: the first of them, and
// behind each the next; -1 where there is none.
// ints: size, count, index bytes.   buffers: indices, lists (int32: size firsts, count nexts).
void list_rows(Call *call) {
    const int64_t size = call->ints[0], count = call->ints[1];
    const Indices indices{call->buffers[0], call->ints[2]};
    int32_t *first = (int32_t *)call->buffers[1], *next = first + size;
    if (!indices.are_within(count, size, call)) return;
    __builtin_memset(first, 0xff, size_t(size) * sizeof(int32_t));
    for (int64_t i = count - 1; i >= 0; --i) {
        const int64_t index = indices.place(i, size);
        next[i] = first[index];
        first[index] = int32_t(i);
    }
}

// ints: element type, outer, size, count, inner.   buffers: g (outer, count, inner), positions of
// that shape, int64, y (outer, size, inner): zeros, and each entry added at its position along the
// axis.
void add_along(Call *call) {
    const int64_t *v = call->ints;
    const int64_t outer = v[1], size = v[2], count = v[3], inner = v[4];
    const Indices positions{call->buffers[1], 8};
    if (!positions.are_within(outer * count * inner, size, call)) return;
    by_number(v[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *g = (const T *)call->buffers[0];
        T *y = (T *)call->buffers[2];
        const int64_t grain = greater(1, SMALL / greater(1, count * inner));
        parallel_spans(call, outer, grain, [&](int64_t begin, int64_t end) {
            for (int64_t o = begin; o < end; ++o) {
                T *sums = y + o * size * inner;
                __builtin_memset(sums, 0, size_t(size * inner) * sizeof(T));
                for (int64_t i = 0; i < count * inner; ++i) {
                    const int64_t at = o * count * inner + i;
                    T &sum = sums[positions.place(at, size) * inner + i % inner];
                    sum = T(sum + g[at]);
                }
            }
        });
    });
}

// Segments ----------------------------------------------------------------------------------------

// ints: type, combination, segments, width, count, index bytes, the bits of an empty segment's
// entries.
// buffers: data (count, width), ids (count), y (segments, width). Ids that name no segment do not
// count. Whether a segment has been met is noted in the workspace, behind the tasks' shares.
int64_t segments_bytes(const int64_t *v) { return shares_bytes(v[4]) + v[2]; }

template <class T, int64_t KIND> void reduce_segments(Call *call) {
    const int64_t *v = call->ints;
    const int64_t segments = v[2], width = v[3], count = v[4];
    const Indices ids{call->buffers[1], v[5]};
    const T *data = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[2], empty;
    __builtin_memcpy(&empty, v + 6, sizeof empty);
    Shares shares(segments, count, (segments + count) * width >= SMALL, call->workspace);
    char *is_met = call->workspace + shares_bytes(count);
    shares.note([&](int64_t i) { return ids[i]; });
    parallel(call, shares.owners, 0, [&](int64_t owner, char *) {
        const int64_t first = shares.first(owner), last = shares.last(owner);
        __builtin_memset(is_met + first, 0, size_t(last - first));
        shares.each(owner, [&](int64_t i) {
            T *result = y + ids[i] * width;
            if (is_met[ids[i]]) join_row<KIND>(result, data + i * width, width);
            else __builtin_memcpy(result, data + i * width, size_t(width) * sizeof(T));
            is_met[ids[i]] = 1;
        });
        for (int64_t id = first; id < last; ++id)
            for (int64_t k = 0; k < width && !is_met[id]; ++k) y[id * width + k] = empty;
    });
}
void segment_reduce(Call *call) {
    if (call->ints[2] * call->ints[3] == 0) return;
    by_number(call->ints[0], [&](auto type) {
        by_kind(call->ints[1], [&](auto kind) {
            reduce_segments<TypeOf<decltype(type)>, decltype(kind)::value>(call);
        });
    });
}

// ints: segments, count, index bytes, is a negative id an error.   buffers: ids (count), y
// (segments) int64: how often each occurs.
void count_ids(Call *call) {
    const int64_t segments = call->ints[0], count = call->ints[1];
    const Indices ids{call->buffers[0], call->ints[2]};
    int64_t *y = (int64_t *)call->buffers[1];
    __builtin_memset(y, 0, size_t(segments) * sizeof *y);
    for (int64_t i = 0; i < count; ++i) {
        const int64_t id = ids[i];
        if (id >= 0 && id < segments) ++y[id];
        else if (id < 0 && call->ints[3]) call->error = "an index is negative";
    }
}

// Rows with each other ----------------------------------------------------------------------------

// For each of `count` indices, which row has it first or last: by a table of twice as many places
// that is searched from the place which the index's bits choose.
struct Meetings {
    int64_t count, mask;
    int64_t *row_of, *keys, *rows;  // row_of[i]: the row that stands for row i

    static int64_t places(int64_t count) {
        int64_t n = 2;
        while (n < 2 * count) n *= 2;
        return n;
    }
    static int64_t bytes(int64_t count) {
        return (count + 2 * places(count)) * int64_t(sizeof(int64_t));
    }

    Meetings(const Indices &indices, int64_t count, int64_t size, bool is_last, char *workspace)
        : count(count), mask(places(count) - 1), row_of((int64_t *)workspace), keys(row_of + count),
          rows(keys + mask + 1) {
        for (int64_t i = 0; i <= mask; ++i) keys[i] = -1;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t place = find(indices.place(i, size));
            if (is_last || keys[place] < 0) rows[place] = i;
            keys[place] = indices.place(i, size);
            row_of[i] = rows[place];
        }
        if (is_last)
            for (int64_t i = 0; i < count; ++i) row_of[i] = rows[find(indices.place(i, size))];
    }
    int64_t find(int64_t index) const {
        int64_t place = int64_t(uint64_t(index) * 0x9E3779B97F4A7C15u >> 20) & mask;
        while (keys[place] >= 0 && keys[place] != index) place = (place + 1) & mask;
        return place;
    }
};

// ints: type, combination, size, width, count, index bytes.   buffers: rows (count, width), indices
// (count), y like the rows: for each, what all rows of its index make together.
int64_t meetings_bytes(const int64_t *v) { return Meetings::bytes(v[4]); }

template <class T, int64_t KIND> void combine(Call *call, const Meetings &meetings) {
    const int64_t width = call->ints[3], count = call->ints[4];
    const T *rows = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[2];
    const int64_t grain = count * width < SMALL ? width : COLUMNS;
    parallel_spans(call, width, grain, [&](int64_t begin, int64_t end) {
        const int64_t n = end - begin;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t first = meetings.row_of[i] * width + begin;
            if (meetings.row_of[i] == i)
                __builtin_memcpy(y + first, rows + first, size_t(n) * sizeof(T));
            else join_row<KIND>(y + first, rows + i * width + begin, n);
        }
        for (int64_t i = 0; i < count; ++i)
            if (const int64_t first = meetings.row_of[i]; first != i)
                __builtin_memcpy(y + i * width + begin, y + first * width + begin,
                                 size_t(n) * sizeof(T));
    });
}
void meet_rows(Call *call) {
    const int64_t *v = call->ints;
    const Indices indices{call->buffers[1], v[5]};
    if (!indices.are_within(v[4], v[2], call)) return;
    const Meetings meetings(indices, v[4], v[2], false, call->workspace);
    by_number(v[0], [&](auto type) {
        by_kind(v[1], [&](auto kind) {
            combine<TypeOf<decltype(type)>, decltype(kind)::value>(call, meetings);
        });
    });
}

// ints: bytes of a row, keep what is not the last (as that of its index), size, 0, count, index
// bytes.
// buffers: rows (count, row), indices (count), y like the rows. Of rows with one index each becomes
// the last of them; or zeros but for the last.
void last_rows(Call *call) {
    const int64_t *v = call->ints;
    const int64_t bytes = v[0], count = v[4];
    const Indices indices{call->buffers[1], v[5]};
    const char *rows = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[2];
    if (!indices.are_within(count, v[2], call)) return;
    const Meetings meetings(indices, count, v[2], true, call->workspace);
    by_row(bytes, [&](auto row) {
        for (int64_t i = 0; i < count; ++i) {
            const int64_t last = meetings.row_of[i];
            if (v[1] || last == i) row.copy(y + i * bytes, rows + last * bytes);
            else row.clear(y + i * bytes);
        }
    });
}

}  // namespace

KERNEL_TABLE(combine, {"scatter_rows", scatter_rows, scatter_bytes},
             {"list_rows", list_rows, nullptr},
             {"add_along", add_along, nullptr}, {"segment_reduce", segment_reduce, segments_bytes},
             {"count_ids", count_ids, nullptr}, {"combine_rows", meet_rows, meetings_bytes},
             {"last_rows", last_rows, meetings_bytes})
