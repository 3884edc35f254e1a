// Rows picked from tables and put into them by index, and parts of arrays whose place only the run
// knows. Elements are told apart by their size alone.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t TASK_BYTES = 1 << 16;
constexpr int MAX_AXES = 12;
// Which row comes next, the processor does not foresee: memory is asked so many bytes before.
constexpr int64_t AHEAD_BYTES = 4096;
constexpr int64_t LINE_BYTES = 64;

int64_t rows_a_task(int64_t bytes) { return greater(1, TASK_BYTES / greater(8, bytes)); }

// ints: batch, before, size, bytes of a row, count, index bytes, is it zeros that an index outside
// 0 <= index < size gives (else negative ones count from the end, and others fail).
// buffers: table (batch, before, size, row), indices (batch, count), y (batch, before, count, row).
template <class Index, class RowType> void pick_rows(Call *call, const RowType &row) {
    const int64_t *v = call->ints;
    const int64_t before = v[1], size = v[2], bytes = v[3], count = v[4];
    const int64_t from_end = v[6] ? 0 : size;  // what negative indices count from
    const Index *indices = (const Index *)call->buffers[1];
    const char *table = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[2];
    const int64_t rows = v[0] * before * count;
    const int64_t ahead = greater(1, AHEAD_BYTES / greater(LINE_BYTES, bytes));
    const int64_t fetched = smaller(bytes, AHEAD_BYTES);
    parallel_spans(call, rows, rows_a_task(bytes), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end;) {  // a run of rows of one table
            const int64_t group = i / count, last = smaller(end, (group + 1) * count);
            const Index *picked = indices + group / before * count - group * count;
            const char *from = table + group * size * bytes;
            for (; i < last; ++i) {
                const int64_t next = i + ahead < last ? int64_t(picked[i + ahead]) : -1;
                for (int64_t at = 0; next >= 0 && at < fetched; at += LINE_BYTES)
                    __builtin_prefetch(from + next * bytes + at, 0, 2);
                int64_t index = picked[i];
                index += index < 0 ? from_end : 0;
                if (uint64_t(index) < uint64_t(size)) row.copy(y + i * bytes, from + index * bytes);
                else row.clear(y + i * bytes);
            }
        }
    });
}
void gather(Call *call) {
    const int64_t *v = call->ints;
    const Indices indices{call->buffers[1], v[5]};
    if (!v[6] && !indices.are_within(v[0] * v[4], v[2], call)) return;
    by_row(v[3], [&](auto row) {
        if (v[5] == 4) pick_rows<int32_t>(call, row);
        else pick_rows<int64_t>(call, row);
    });
}

// ints: element bytes, outer, size, count, inner.
// buffers: x (outer, size, inner), positions (outer, count, inner) int64, y like the positions.
void pick_along(Call *call) {
    const int64_t *v = call->ints;
    const int64_t bytes = v[0], outer = v[1], size = v[2], count = v[3], inner = v[4];
    const char *x = (const char *)call->buffers[0];
    const Indices positions{call->buffers[1], 8};
    char *y = (char *)call->buffers[2];
    if (!positions.are_within(outer * count * inner, size, call)) return;
    by_row(bytes, [&](auto element) {
        parallel_spans(
            call, outer * count, rows_a_task(bytes * inner), [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                    const char *lines = x + i / count * size * inner * bytes;
                    for (int64_t j = 0; j < inner; ++j) {
                        const int64_t at = i * inner + j;
                        element.copy(y + at * bytes,
                                     lines + (positions.place(at, size) * inner + j) * bytes);
                    }
                }
            });
    });
}

// ints: size, bytes of a row, count, index bytes.
// buffers: table (size, row), indices (count), rows (count, row), y (size, row), which may be the
// table. Rows of one index are equal.
void put_rows(Call *call) {
    const int64_t *v = call->ints;
    const int64_t size = v[0], bytes = v[1], count = v[2];
    const Indices indices{call->buffers[1], v[3]};
    const char *table = (const char *)call->buffers[0], *rows = (const char *)call->buffers[2];
    char *y = (char *)call->buffers[3];
    if (!indices.are_within(count, size, call)) return;
    if (y != table)
        parallel_spans(call, size * bytes, 4 * TASK_BYTES, [&](int64_t begin, int64_t end) {
            __builtin_memcpy(y + begin, table + begin, size_t(end - begin));
        });
    by_row(bytes, [&](auto row) {
        for (int64_t i = 0; i < count; ++i)
            row.copy(y + indices.place(i, size) * bytes, rows + i * bytes);
    });
}

// ints: length, bytes of an element, index bytes.   buffers: array, index (), element, y: the array
// with that element in its place; an index below 0 has none.
void array_write(Call *call) {
    const int64_t length = call->ints[0], bytes = call->ints[1];
    const Indices index{call->buffers[1], call->ints[2]};
    const char *array = (const char *)call->buffers[0], *element = (const char *)call->buffers[2];
    char *y = (char *)call->buffers[3];
    if (!index.are_within(1, length, call)) return;
    parallel_spans(call, length, rows_a_task(bytes), [&](int64_t begin, int64_t end) {
        const int64_t place = index[0];
        if (place < begin || place >= end)
            return (void)__builtin_memcpy(y + begin * bytes, array + begin * bytes,
                                          size_t((end - begin) * bytes));
        __builtin_memcpy(y + begin * bytes, array + begin * bytes, size_t((place - begin) * bytes));
        __builtin_memcpy(y + place * bytes, element, size_t(bytes));
        __builtin_memcpy(y + (place + 1) * bytes, array + (place + 1) * bytes,
                         size_t((end - place - 1) * bytes));
    });
}

// ints: index bytes, count, how many vectors an entry of the batch has, k, then k sizes.
// buffers: indices (count, k), y (count) int64: each vector's place, after those of the batch
// before.
void flat_index(Call *call) {
    const int64_t *v = call->ints, *sizes = v + 4;
    const int64_t count = v[1], each = v[2], axes = v[3];
    const Indices indices{call->buffers[0], v[0]};
    int64_t *y = (int64_t *)call->buffers[1];
    for (int64_t i = 0; i < count; ++i) {
        int64_t flat = i / each;
        for (int64_t a = 0; a < axes; ++a) {
            const int64_t place = indices.place(i * axes + a, sizes[a]);
            if (place < 0 || place >= sizes[a]) {
                call->error = "an index is out of bounds";
                return;
            }
            flat = flat * sizes[a] + place;
        }
        y[i] = flat;
    }
}

// ints: element bytes, outer, depth, inner, index bytes, the bits of on, those of off.
// buffers: indices (outer, inner), y (outer, depth, inner).
template <class T> void one_hot_of(Call *call) {
    const int64_t *v = call->ints;
    const int64_t outer = v[1], depth = v[2], inner = v[3];
    const Indices indices{call->buffers[0], v[4]};
    const T on = T(v[5]), off = T(v[6]);
    T *y = (T *)call->buffers[1];
    const int64_t width = depth * inner;
    parallel_spans(call, outer, rows_a_task(width * int64_t(sizeof(T))),
                   [&](int64_t begin, int64_t end) {
                       for (int64_t o = begin; o < end; ++o) {
                           for (int64_t i = 0; i < width; ++i) y[o * width + i] = off;
                           for (int64_t i = 0; i < inner; ++i) {
                               const int64_t index = indices[o * inner + i];
                               if (index >= 0 && index < depth)
                                   y[o * width + index * inner + i] = on;
                           }
                       }
                   });
}
void one_hot(Call *call) {
    switch (call->ints[0]) {
        case 1: return one_hot_of<uint8_t>(call);
        case 2: return one_hot_of<uint16_t>(call);
        case 4: return one_hot_of<uint32_t>(call);
        default: return one_hot_of<uint64_t>(call);
    }
}

// Frames ------------------------------------------------------------------------------------------

// What a frame shows where it reaches beyond x: zeros; the outermost entries; x again from its
// other end. A part may not reach beyond x; of a whole, x may not reach beyond the frame.
enum Edge : int64_t { ZEROS = 0, OUTERMOST = 1, AROUND = 2, PART = 3, WHOLE = 4 };

// Entry i of an axis of y is entry i + offset of x's.
struct FrameAxis {
    int64_t old_size, new_size, offset;
};

struct Frame {
    int64_t edge, bytes, axes;
    FrameAxis axis[MAX_AXES];

    // ints: edge, bytes of an entry of the last axis, index bytes, axes; then by axis: size in x,
    // size in y, which of the offsets (-1: none), and 1 or -1, by which that is multiplied.
    Frame(Call *call, const void *offsets) {
        const int64_t *v = call->ints;
        edge = v[0], bytes = v[1], axes = v[3];
        const Indices given{offsets, v[2]};
        v += 4;
        for (int64_t a = 0; a < axes; ++a, v += 4)
            axis[a] = {v[0], v[1], v[2] < 0 ? 0 : v[3] * given[v[2]]};
    }

    bool fits() const {
        for (int64_t a = 0; a < axes; ++a) {
            const FrameAxis &x = axis[a];
            if (edge == PART && x.new_size && (x.offset < 0 || x.offset > x.old_size - x.new_size))
                return false;
            if (edge == WHOLE && x.old_size &&
                (x.offset > 0 || -x.offset > x.new_size - x.old_size))
                return false;
        }
        return true;
    }
    // Where entry i of y is in x; -1 if it is not there.
    int64_t source(const FrameAxis &a, int64_t i) const {
        const int64_t at = i + a.offset;
        if (at >= 0 && at < a.old_size) return at;
        if (a.old_size == 0) return -1;
        if (edge == OUTERMOST) return at < 0 ? 0 : a.old_size - 1;
        if (edge == AROUND) return (at % a.old_size + a.old_size) % a.old_size;
        return -1;
    }
    // The row of x that row `i` of y, of all axes but the last, is taken from; -1 for none.
    int64_t source_row(int64_t i) const {
        int64_t row = 0, step = 1;
        for (int64_t a = axes - 2; a >= 0; --a) {
            const int64_t at = source(axis[a], i % axis[a].new_size);
            if (at < 0) return -1;
            row += at * step;
            step *= axis[a].old_size;
            i /= axis[a].new_size;
        }
        return row;
    }
    // One row, in runs of what lies together in x too.
    void fill_row(const char *x, char *y) const {
        const FrameAxis &last = axis[axes - 1];
        for (int64_t i = 0; i < last.new_size;) {
            const int64_t from = source(last, i), at = i + last.offset;
            int64_t run = 1;
            if (from >= 0 && edge == OUTERMOST) run = from == at ? last.old_size - at : 1;
            else if (from >= 0) run = last.old_size - from;
            else run = at < 0 && last.old_size ? -at : last.new_size;
            run = smaller(run, last.new_size - i);
            if (from >= 0) __builtin_memcpy(y + i * bytes, x + from * bytes, size_t(run * bytes));
            else __builtin_memset(y + i * bytes, 0, size_t(run * bytes));
            i += run;
        }
    }
};

// buffers: x, offsets, y.
void frame(Call *call) {
    const Frame f(call, call->buffers[1]);
    const char *x = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[2];
    int64_t rows = 1;
    for (int64_t a = 0; a < f.axes - 1; ++a) rows *= f.axis[a].new_size;
    const FrameAxis &last = f.axis[f.axes - 1];
    const int64_t from_bytes = last.old_size * f.bytes, to_bytes = last.new_size * f.bytes;
    if (!f.fits()) {
        call->error = "the part does not lie in the tensor";
        return;
    }
    if (to_bytes == 0) return;
    parallel_spans(call, rows, rows_a_task(to_bytes), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const int64_t row = f.source_row(i);
            if (row >= 0) f.fill_row(x + row * from_bytes, y + i * to_bytes);
            else __builtin_memset(y + i * to_bytes, 0, size_t(to_bytes));
        }
    });
}

// ints: bytes of a row, a, n, b, m, is n the time (else m is, and the other is the batch), index
// bytes.
// buffers: x (a, n, b, m, row), lengths (batch), y like x: each entry's first steps backwards.
void reverse_sequence(Call *call) {
    const int64_t *v = call->ints;
    const int64_t bytes = v[0], a = v[1], n = v[2], b = v[3], m = v[4];
    const bool time_first = v[5];
    const Indices lengths{call->buffers[1], v[6]};
    const char *x = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[2];
    const int64_t time = time_first ? n : m, batch = time_first ? m : n;
    for (int64_t i = 0; i < batch; ++i)
        if (lengths[i] > time) {
            call->error = "a length is greater than the time";
            return;
        }
    by_row(bytes, [&](auto row) {
        parallel_spans(call, a * n * b, rows_a_task(m * bytes), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                for (int64_t j = 0; j < m; ++j) {
                    const int64_t k = i / b % n, step = time_first ? k : j;
                    const int64_t length = lengths[time_first ? j : k];
                    const int64_t move = step < length ? length - 1 - 2 * step : 0;
                    const int64_t from = (i + (time_first ? move * b : 0)) * m + j +
                                         (time_first ? 0 : move);
                    row.copy(y + (i * m + j) * bytes, x + from * bytes);
                }
        });
    });
}

}  // namespace

KERNEL_TABLE(gather, {"gather", gather, nullptr}, {"pick_along", pick_along, nullptr},
             {"put_rows", put_rows, nullptr}, {"array_write", array_write, nullptr},
             {"flat_index", flat_index, nullptr}, {"one_hot", one_hot, nullptr},
             {"frame", frame, nullptr}, {"reverse_sequence", reverse_sequence, nullptr})
