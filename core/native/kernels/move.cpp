// Data movement: strided copies (transposes, slices, concatenations, tiles …) and fills. Elements are
// told apart by their size alone.
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

// ints: bytes.   buffers: x, y, which may be x.
void copy_bytes(Call *call) {
    const char *x = (const char *)call->buffers[0];
    char *y = (char *)call->buffers[1];
    if (x == y) return;
    parallel_spans(call, call->ints[0], 4 * TASK_BYTES, [&](int64_t begin, int64_t end) {
        __builtin_memcpy(y + begin, x + begin, size_t(end - begin));
    });
}

}  // namespace

KERNEL_TABLE(move, {"strided_copy", strided_copy, nullptr}, {"copy_bytes", copy_bytes, nullptr}, {"fill", fill, nullptr})
