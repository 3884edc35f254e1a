// Data movement: strided copies (transposes, slices, concatenations, tiles …), fills, and rows picked
// from and added to tables. Elements are told apart by their size alone.
#include "../parallel.h"

namespace {

constexpr int64_t TASK_BYTES = 1 << 16;
constexpr int MAX_RANK = 12;

// ints: element bytes, offset in x, offset in y, rank, sizes, strides in x, strides in y; offsets and
// strides in elements. The planner has merged axes; the last one is the innermost of y.
struct Copy {
    int64_t bytes, from, to, rank;
    const int64_t *sizes, *in, *out;
    explicit Copy(const int64_t *v)
        : bytes(v[0]), from(v[1]), to(v[2]), rank(v[3]), sizes(v + 4), in(v + 4 + v[3]),
          out(v + 4 + 2 * v[3]) {}
    // Places of the outer axes' index number `i`, of `axes` axes.
    void place(int64_t i, int64_t axes, int64_t *x, int64_t *y) const {
        *x = from, *y = to;
        for (int64_t a = axes - 1; a >= 0; --a) {
            *x += i % sizes[a] * in[a];
            *y += i % sizes[a] * out[a];
            i /= sizes[a];
        }
    }
};

template <class T> void copy_row(const T *x, int64_t in, T *y, int64_t out, int64_t n) {
    if (in == 1 && out == 1) __builtin_memcpy(y, x, size_t(n) * sizeof(T));
    else if (in == 0 && out == 1)
        for (int64_t i = 0; i < n; ++i) y[i] = x[0];
    else
        for (int64_t i = 0; i < n; ++i) y[i * out] = x[i * in];
}

template <class T> void copy_rows(Call *call, const Copy &c) {
    const T *x = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[1];
    const int64_t last = c.rank - 1, n = c.sizes[last];
    int64_t rows = 1;
    for (int64_t a = 0; a < last; ++a) rows *= c.sizes[a];
    const int64_t grain = greater(1, TASK_BYTES / greater(1, n * int64_t(sizeof(T))));
    parallel_spans(call, rows, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            int64_t from, to;
            c.place(i, last, &from, &to);
            copy_row(x + from, c.in[last], y + to, c.out[last], n);
        }
    });
}

// The last two axes are exchanged: blocks of VL x VL pass through registers.
void transpose_planes(Call *call, const Copy &c) {
    const float *x = (const float *)call->buffers[0];
    float *y = (float *)call->buffers[1];
    const int64_t a = c.rank - 2, b = c.rank - 1;  // x is dense along a, y along b
    const int64_t blocks = divide_up(c.sizes[a], VL);
    int64_t planes = 1;
    for (int64_t k = 0; k < a; ++k) planes *= c.sizes[k];
    const int64_t grain = greater(1, TASK_BYTES / (VL * 4 * c.sizes[b]));
    parallel_spans(call, planes * blocks, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            int64_t from, to;
            c.place(i / blocks, a, &from, &to);
            const int64_t a0 = i % blocks * VL, width = smaller(VL, c.sizes[a] - a0);
            for (int64_t b0 = 0; b0 < c.sizes[b]; b0 += VL) {
                const int64_t height = smaller(VL, c.sizes[b] - b0);
                const float *source = x + from + b0 * c.in[b] + a0;
                float *target = y + to + a0 * c.out[a] + b0;
                if (height == VL) transpose_block(source, c.in[b], height, width, target, c.out[a]);
                else
                    for (int64_t q = 0; q < width; ++q)
                        for (int64_t p = 0; p < height; ++p) target[q * c.out[a] + p] = source[p * c.in[b] + q];
            }
        }
    });
}

// buffers: x, y; the part of y that the strides name.
void strided_copy(Call *call) {
    const Copy c(call->ints);
    for (int64_t a = 0; a < c.rank; ++a)
        if (c.sizes[a] == 0) return;
    const bool exchanged = c.rank >= 2 && c.bytes == 4 && c.in[c.rank - 2] == 1 && c.out[c.rank - 1] == 1 &&
                           c.in[c.rank - 1] > 1;
    if (exchanged) return transpose_planes(call, c);
    switch (c.bytes) {
        case 1: return copy_rows<uint8_t>(call, c);
        case 2: return copy_rows<uint16_t>(call, c);
        case 4: return copy_rows<uint32_t>(call, c);
        default: return copy_rows<uint64_t>(call, c);
    }
}

template <class T> void fill_with(Call *call, T element) {
    T *y = (T *)call->buffers[0];
    parallel_spans(call, call->ints[1], TASK_BYTES / int64_t(sizeof(T)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) y[i] = element;
    });
}

// ints: element bytes, count, the bits of the element.   buffers: y.
void fill(Call *call) {
    const int64_t bits = call->ints[2];
    switch (call->ints[0]) {
        case 1: return fill_with(call, uint8_t(bits));
        case 2: return fill_with(call, uint16_t(bits));
        case 4: return fill_with(call, uint32_t(bits));
        default: return fill_with(call, uint64_t(bits));
    }
}

// ints: bytes.   buffers: x, y.
void copy_bytes(Call *call) {
    const char *x = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[1];
    parallel_spans(call, call->ints[0], 4 * TASK_BYTES, [&](int64_t begin, int64_t end) {
        __builtin_memcpy(y + begin, x + begin, size_t(end - begin));
    });
}

int64_t index_at(const void *indices, int64_t bytes, int64_t i) {
    return bytes == 4 ? ((const int32_t *)indices)[i] : ((const int64_t *)indices)[i];
}

// ints: outer, size, bytes of a row, count, index bytes: from each of `outer` tables of `size` rows,
// the rows that `count` indices name; negative ones count from the end.   buffers: table, indices, y.
void gather(Call *call) {
    const int64_t outer = call->ints[0], size = call->ints[1], bytes = call->ints[2];
    const int64_t count = call->ints[3], index_bytes = call->ints[4];
    const char *table = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[2];
    for (int64_t i = 0; i < count; ++i) {
        const int64_t index = index_at(call->buffers[1], index_bytes, i);
        if (index < -size || index >= size) {
            call->error = "an index is out of bounds";
            return;
        }
    }
    parallel_spans(call, outer * count, greater(1, TASK_BYTES / greater(1, bytes)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            int64_t index = index_at(call->buffers[1], index_bytes, i % count);
            index += index < 0 ? size : 0;
            __builtin_memcpy(y + i * bytes, table + (i / count * size + index) * bytes, size_t(bytes));
        }
    });
}

// Adds rows to the table rows that indices name, in order. A task owns some rows of the table, so no
// two threads meet and sums have one order.
template <class T> void add_rows(Call *call, int64_t size, int64_t width, int64_t count, int64_t index_bytes) {
    const T *rows = (const T *)call->buffers[0];
    T *table = (T *)call->buffers[2];
    constexpr int64_t OWNERS = 16;
    const int64_t owned = divide_up(size, size * width < (1 << 14) ? 1 : OWNERS);
    parallel(call, divide_up(size, owned), 0, [&](int64_t task, char *) {
        const int64_t first = task * owned, last = smaller(size, first + owned);
        __builtin_memset(table + first * width, 0, size_t((last - first) * width) * sizeof(T));
        for (int64_t i = 0; i < count; ++i) {
            int64_t index = index_at(call->buffers[1], index_bytes, i);
            index += index < 0 ? size : 0;
            if (index < first || index >= last) continue;
            const T *row = rows + i * width;
            T *sum = table + index * width;
            for (int64_t k = 0; k < width; ++k) sum[k] += row[k];
        }
    });
}

// ints: element bytes, size, width, count, index bytes.   buffers: rows, indices, table.
void scatter_rows(Call *call) {
    const int64_t *v = call->ints;
    for (int64_t i = 0; i < v[3]; ++i) {
        const int64_t index = index_at(call->buffers[1], v[4], i);
        if (index < -v[1] || index >= v[1]) {
            call->error = "an index is out of bounds";
            return;
        }
    }
    if (v[1] * v[2] == 0) return;
    if (v[0] == 4) add_rows<float>(call, v[1], v[2], v[3], v[4]);
    else add_rows<double>(call, v[1], v[2], v[3], v[4]);
}

// For each row of a table, which of the picked rows are its own, in order: the first of them, and
// behind each the next; -1 where there is none.
// ints: size, count, index bytes.   buffers: indices, lists (int32: size firsts, count nexts).
void list_rows(Call *call) {
    const int64_t size = call->ints[0], count = call->ints[1], index_bytes = call->ints[2];
    int32_t *first = (int32_t *)call->buffers[1], *next = first + size;
    __builtin_memset(first, 0xff, size_t(size) * sizeof(int32_t));
    for (int64_t i = count - 1; i >= 0; --i) {
        int64_t index = index_at(call->buffers[0], index_bytes, i);
        if (index < -size || index >= size) {
            call->error = "an index is out of bounds";
            return;
        }
        index += index < 0 ? size : 0;
        next[i] = first[index];
        first[index] = int32_t(i);
    }
}

}  // namespace

KERNEL_TABLE(move, {"strided_copy", strided_copy, nullptr}, {"copy_bytes", copy_bytes, nullptr}, {"fill", fill, nullptr},
             {"gather", gather, nullptr}, {"scatter_rows", scatter_rows, nullptr},
             {"list_rows", list_rows, nullptr})
