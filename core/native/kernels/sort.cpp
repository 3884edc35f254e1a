// Orders of numbers, stable in either direction, and searches in what is sorted. NaN is larger than
// all.
//
// A line is sorted by merging: runs of a few entries by insertion, then pairs of runs of twice the
// size, to and fro between two arrays. A single long line is cut into pieces that threads sort.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t RUN = 16;  // entries that insertion sorts faster
constexpr int64_t PIECE = 1 << 14;  // of a long line: two arrays of these fit a second-level cache
constexpr int64_t SELECTED = 32;  // so many largest entries are kept in order while a line is read

template <class T> struct Entry {
    T key;
    int32_t place;
};

template <class T> INLINE bool is_below(T a, T b) { return a < b || (a == a && b != b); }
template <class T, bool DESCENDING> INLINE bool precedes(T a, T b) {
    return DESCENDING ? is_below(b, a) : is_below(a, b);
}

template <class T, bool DESCENDING> void insert_in_order(Entry<T> *x, int64_t n) {
    for (int64_t i = 1; i < n; ++i) {
        const Entry<T> entry = x[i];
        int64_t k = i;
        for (; k > 0 && precedes<T, DESCENDING>(entry.key, x[k - 1].key); --k) x[k] = x[k - 1];
        x[k] = entry;
    }
}

// Of x's runs begin .. middle-1 and middle .. end-1, one of y; of equal ones the former come first.
template <class T, bool DESCENDING>
void merge(const Entry<T> *x, int64_t begin, int64_t middle, int64_t end, Entry<T> *y) {
    int64_t a = begin, b = middle, to = begin;
    while (a < middle && b < end) {
        const bool second = precedes<T, DESCENDING>(x[b].key, x[a].key);
        y[to++] = second ? x[b] : x[a];
        b += second, a += !second;
    }
    while (a < middle) y[to++] = x[a++];
    while (b < end) y[to++] = x[b++];
}

// Merges runs of x of this length until one is left; returns x or `spare`, whichever has it.
template <class T, bool DESCENDING>
Entry<T> *merge_runs(Entry<T> *x, Entry<T> *spare, int64_t n, int64_t length) {
    for (; length < n; length *= 2) {
        for (int64_t at = 0; at < n; at += 2 * length)
            merge<T, DESCENDING>(x, at, smaller(n, at + length), smaller(n, at + 2 * length),
                                 spare);
        Entry<T> *sorted = spare;
        spare = x, x = sorted;
    }
    return x;
}

template <class T, bool DESCENDING> Entry<T> *sort_line(Entry<T> *x, Entry<T> *spare, int64_t n) {
    for (int64_t at = 0; at < n; at += RUN)
        insert_in_order<T, DESCENDING>(x + at, smaller(RUN, n - at));
    return merge_runs<T, DESCENDING>(x, spare, n, RUN);
}

// A line in two arrays of n entries: its pieces at once, and then as many merges at once as there
// are.
template <class T, bool DESCENDING>
Entry<T> *sort_long(Call *call, Entry<T> *x, Entry<T> *spare, int64_t n) {
    parallel(call, divide_up(n, PIECE), 0, [&](int64_t i, char *) {
        const int64_t at = i * PIECE, length = smaller(PIECE, n - at);
        const Entry<T> *sorted = sort_line<T, DESCENDING>(x + at, spare + at, length);
        if (sorted != x + at) __builtin_memcpy(x + at, sorted, size_t(length) * sizeof *x);
    });
    for (int64_t length = PIECE; length < n; length *= 2) {
        parallel(call, divide_up(n, 2 * length), 0, [&](int64_t i, char *) {
            const int64_t at = 2 * i * length;
            merge<T, DESCENDING>(x, at, smaller(n, at + length), smaller(n, at + 2 * length),
                                 spare);
        });
        Entry<T> *sorted = spare;
        spare = x, x = sorted;
    }
    return x;
}

template <class T> void read_line(const T *x, int64_t step, Entry<T> *entries, int64_t n) {
    for (int64_t i = 0; i < n; ++i) entries[i] = {x[i * step], int32_t(i)};
}
template <class T> size_t line_bytes(int64_t n) { return size_t(2 * n) * sizeof(Entry<T>); }

int64_t width_of(int64_t type) {
    int64_t bytes = 0;
    by_number(type, [&](auto tag) { bytes = int64_t(sizeof(Entry<TypeOf<decltype(tag)>>)); });
    return bytes;
}

// ints: type, outer, length, inner, is it descending.   buffers: x, y int32: the order of each
// line. A single long line is sorted in the workspace.
bool is_long(const int64_t *v) { return v[1] * v[3] == 1 && v[2] > 2 * PIECE; }
int64_t argsort_bytes(const int64_t *v) { return is_long(v) ? 2 * v[2] * width_of(v[0]) : 0; }

template <class T, bool DESCENDING> void argsort_of(Call *call) {
    const int64_t *v = call->ints;
    const int64_t outer = v[1], length = v[2], inner = v[3];
    const T *x = (const T *)call->buffers[0];
    int32_t *y = (int32_t *)call->buffers[1];
    if (is_long(v)) {
        Entry<T> *entries = (Entry<T> *)call->workspace;
        parallel_spans(call, length, PIECE, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) entries[i] = {x[i], int32_t(i)};
        });
        const Entry<T> *sorted = sort_long<T, DESCENDING>(call, entries, entries + length, length);
        parallel_spans(call, length, PIECE, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) y[i] = sorted[i].place;
        });
        return;
    }
    const int64_t lines = outer * inner, grain = greater(1, (1 << 11) / greater(1, length));
    parallel(call, divide_up(lines, grain), line_bytes<T>(length),
             [&](int64_t task, char *scratch) {
                 Entry<T> *entries = (Entry<T> *)scratch;
                 for (int64_t i = task * grain; i < smaller(lines, (task + 1) * grain); ++i) {
                     const int64_t at = i / inner * length * inner + i % inner;
                     read_line(x + at, inner, entries, length);
                     const Entry<T> *sorted =
                         sort_line<T, DESCENDING>(entries, entries + length, length);
                     for (int64_t k = 0; k < length; ++k) y[at + k * inner] = sorted[k].place;
                 }
             });
}
void argsort(Call *call) {
    const int64_t *v = call->ints;
    if (v[1] * v[2] * v[3] == 0) return;
    by_number(v[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        if (v[4]) argsort_of<T, true>(call);
        else argsort_of<T, false>(call);
    });
}

// The k first of a line in descending order: kept in order while the line is read.
template <class T> const Entry<T> *select_few(const T *x, int64_t n, int64_t k, Entry<T> *kept) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; ++i) {
        if (count == k && !is_below(kept[k - 1].key, x[i])) continue;
        int64_t at = count < k ? count++ : k - 1;
        for (; at > 0 && is_below(kept[at - 1].key, x[i]); --at) kept[at] = kept[at - 1];
        kept[at] = {x[i], int32_t(i)};
    }
    return kept;
}

// The same for more of them: twice as many are collected, those alone that are above the k-th so
// far, and sorted when that is full.
template <class T>
const Entry<T> *select_many(const T *x, int64_t n, int64_t k, Entry<T> *entries) {
    Entry<T> *kept = entries, *spare = entries + 2 * k;
    int64_t count = 0;
    bool is_sorted = false;
    for (int64_t i = 0; i < n; ++i) {
        if (is_sorted && !is_below(kept[k - 1].key, x[i])) continue;
        kept[count++] = {x[i], int32_t(i)};
        if (count < 2 * k && i + 1 < n) continue;
        Entry<T> *sorted = sort_line<T, true>(kept, spare, count);
        if (sorted != kept) spare = kept, kept = sorted;
        count = k, is_sorted = true;
    }
    return count > k ? sort_line<T, true>(kept, spare, count) : kept;
}

// ints: type, rows, n, k.   buffers: x (rows, n), its k largest entries (rows, k), their places
// int32.
void top_k(Call *call) {
    const int64_t rows = call->ints[1], n = call->ints[2], k = call->ints[3];
    if (rows * k == 0) return;
    by_number(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        T *values = (T *)call->buffers[1];
        int32_t *places = (int32_t *)call->buffers[2];
        const int64_t grain = greater(1, (1 << 13) / n);
        const size_t scratch_bytes = k <= SELECTED ? size_t(k) * sizeof(Entry<T>)
                                                   : line_bytes<T>(2 * k);
        parallel(call, divide_up(rows, grain), scratch_bytes, [&](int64_t task, char *scratch) {
            Entry<T> *entries = (Entry<T> *)scratch;
            for (int64_t r = task * grain; r < smaller(rows, (task + 1) * grain); ++r) {
                const Entry<T> *best = k <= SELECTED ? select_few(x + r * n, n, k, entries)
                                                     : select_many(x + r * n, n, k, entries);
                for (int64_t i = 0; i < k; ++i) {
                    values[r * k + i] = best[i].key;
                    places[r * k + i] = best[i].place;
                }
            }
        });
    });
}

// Searches ----------------------------------------------------------------------------------------

// ints: type, batch, n, m, behind equal ones, bytes of a place.   buffers: sequence (batch, n),
// values (batch, m), places (batch, m): by halving, as in the op's `compute`, whatever the order
// is.
template <class T> void search(Call *call) {
    const int64_t *v = call->ints;
    const int64_t batch = v[1], n = v[2], m = v[3];
    const bool is_right = v[4];
    const T *sequence = (const T *)call->buffers[0], *values = (const T *)call->buffers[1];
    parallel_spans(call, batch * m, 1 << 12, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const T *line = sequence + i / m * n, value = values[i];
            int64_t low = 0, high = n;
            while (low < high) {
                const int64_t middle = (low + high) / 2;
                const bool is_before = is_right ? line[middle] <= value : line[middle] < value;
                low += is_before * (middle + 1 - low);  // no branch, which would be a guess
                high -= !is_before * (high - middle);
            }
            if (v[5] == 4) ((int32_t *)call->buffers[2])[i] = int32_t(low);
            else ((int64_t *)call->buffers[2])[i] = low;
        }
    });
}
void searchsorted(Call *call) {
    if (call->ints[0] == TYPE_bool) return search<bool>(call);
    by_number(call->ints[0], [&](auto type) { search<TypeOf<decltype(type)>>(call); });
}

// ints: type, count, length.   buffers: x (count), y (length), whether each of x occurs in y: bool.
// y is sorted in the workspace.
int64_t membership_bytes(const int64_t *v) {
    return 2 * v[2] * (v[0] == TYPE_bool ? width_of(TYPE_int8) : width_of(v[0]));
}

template <class T> void find_members(Call *call) {
    const int64_t count = call->ints[1], n = call->ints[2];
    const T *x = (const T *)call->buffers[0], *y = (const T *)call->buffers[1];
    uint8_t *is_member = (uint8_t *)call->buffers[2];
    Entry<T> *entries = (Entry<T> *)call->workspace;
    read_line(y, 1, entries, n);
    const Entry<T> *sorted = n ? sort_long<T, false>(call, entries, entries + n, n) : entries;
    parallel_spans(call, count, 1 << 12, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            int64_t low = 0, high = n;
            while (low < high) {
                const int64_t middle = (low + high) / 2;
                if (is_below(sorted[middle].key, x[i])) low = middle + 1;
                else high = middle;
            }
            is_member[i] = low < n && sorted[low].key == x[i];
        }
    });
}
void is_in(Call *call) {
    if (call->ints[0] == TYPE_bool) return find_members<int8_t>(call);
    by_number(call->ints[0], [&](auto type) { find_members<TypeOf<decltype(type)>>(call); });
}

}  // namespace

KERNEL_TABLE(sort, {"argsort", argsort, argsort_bytes}, {"top_k", top_k, nullptr},
             {"searchsorted", searchsorted, nullptr}, {"is_in", is_in, membership_bytes})
