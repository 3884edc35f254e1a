// Convolutions that the tuned kernels do not take: float64, and windows of very many runs. Sums are
// in registers, weights and pixels are read where they lie; all faces go through windows cell by
// cell.
#include "../convolution.h"
#include "../parallel.h"

namespace {

constexpr int STRIP = 4;  // vectors of outputs at once
constexpr int CHANNELS = 4;  // inputs at once, in the kernel's gradient
constexpr int64_t TASK_WORK = 1 << 17;  // multiplications

// A place in three axes, from its number in row-major order.
struct Place {
    int64_t at[AXES];
    Place(int64_t number, const int64_t *sizes)
        : at{number / (sizes[1] * sizes[2]), number / sizes[2] % sizes[1], number % sizes[2]} {}
};

// Which cell a window's tap meets, of the window at a position; -1 in the padding.
INLINE int64_t cell_of(const Geometry &g, const Place &position, const Place &tap) {
    int64_t cell = 0;
    for (int a = 0; a < AXES; ++a) {
        const int64_t at = position.at[a] * g.stride[a] - g.before[a] + tap.at[a] * g.dilation[a];
        if (at < 0 || at >= g.in[a]) return -1;
        cell = cell * g.in[a] + at;
    }
    return cell;
}
// The position of the window whose tap meets a cell; -1 if there is none.
INLINE int64_t position_of(const Geometry &g, const Place &cell, const Place &tap) {
    int64_t position = 0;
    for (int a = 0; a < AXES; ++a) {
        const int64_t start = cell.at[a] + g.before[a] - tap.at[a] * g.dilation[a];
        if (start < 0 || start % g.stride[a] || start / g.stride[a] >= g.out[a]) return -1;
        position = position * g.out[a] + start / g.stride[a];
    }
    return position;
}

// sums += row * matrix, of which `width` columns, rows `apart`. Without a row that is zeros, in the
// padding: what is infinite in the matrix makes NaN of them, as everywhere.
template <class T>
INLINE void add_product(Vector<T> *sums, const T *row, int64_t length, const T *matrix,
                        int64_t apart, int64_t width) {
    constexpr int L = LANES<T>;
    for (int64_t i = 0; i < length; ++i, matrix += apart) {
        const Vector<T> factor = splat(row ? row[i] : T(0));
        UNROLL for (int k = 0; k < STRIP; ++k)
            sums[k] += factor * load_first(matrix + k * L, greater(0, width - k * L));
    }
}
template <class T> INLINE void store_strip(T *to, const Vector<T> *sums, int64_t width) {
    UNROLL for (int k = 0; k < STRIP; ++k)
        if (width > k * LANES<T>) store_first(to + k * LANES<T>, sums[k], width - k * LANES<T>);
}

// One pixel of a result: for each group, strip by strip of its `outs` channels, the sum over taps
// of another pixel's `ins` channels times matrices, of which a tap's, and a group's, are so far
// apart. No pixel is one of zeros, or left out.
template <bool HAS_PADDING, class T, class PixelOf>
void sum_taps(const Geometry &g, int64_t ins, int64_t outs, const T *matrices, int64_t matrix_size,
              int64_t group_step, int64_t apart, T *to, const PixelOf &pixel_of) {
    for (int64_t group = 0; group < g.groups; ++group)
        for (int64_t o = 0; o < outs; o += STRIP * LANES<T>) {
            Vector<T> sums[STRIP] = {};
            for (int64_t tap = 0; tap < g.taps(); ++tap) {
                const T *pixel = pixel_of(tap);
                if (!HAS_PADDING && !pixel) continue;
                add_product(sums, pixel ? pixel + group * ins : nullptr, ins,
                            matrices + tap * matrix_size + group * group_step + o, apart, outs - o);
            }
            store_strip(to + group * outs + o, sums, outs - o);
        }
}

// ints: those of Geometry, element bytes.   buffers: x, kernel (taps, in / groups, out), y.
template <class T> void convolve(Call *call) {
    const Geometry g(call->ints);
    const T *x = (const T *)call->buffers[0], *kernel = (const T *)call->buffers[1];
    T *y = (T *)call->buffers[2];
    const int64_t ins = g.in_group(), outs = g.out_group();
    const int64_t grain = greater(1, TASK_WORK / greater(1, g.taps() * ins * g.out_channels));
    parallel_spans(call, g.batch * g.positions(), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const Place position(i % g.positions(), g.out);
            const T *image = x + i / g.positions() * g.in_size();
            sum_taps<true>(g, ins, outs, kernel, ins * g.out_channels, outs, g.out_channels,
                           y + i * g.out_channels, [&](int64_t tap) -> const T * {
                               const int64_t cell = cell_of(g, position, Place(tap, g.window));
                               return cell < 0 ? nullptr : image + cell * g.in_channels;
                           });
        }
    });
}

// ints: as above.   buffers: g, kernel (taps, out, in / groups), gradient of x.
template <class T> void give_back(Call *call) {
    const Geometry g(call->ints);
    const T *given = (const T *)call->buffers[0], *kernel = (const T *)call->buffers[1];
    T *y = (T *)call->buffers[2];
    const int64_t ins = g.in_group(), outs = g.out_group(), cells = g.in[0] * g.in[1] * g.in[2];
    const int64_t grain = greater(1, TASK_WORK / greater(1, g.taps() * ins * g.out_channels));
    parallel_spans(call, g.batch * cells, grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const Place cell(i % cells, g.in);
            const T *image = given + i / cells * g.positions() * g.out_channels;
            sum_taps<false>(g, outs, ins, kernel, g.out_channels * ins, outs * ins, ins,
                            y + i * g.in_channels, [&](int64_t tap) -> const T * {
                                const int64_t position = position_of(g, cell, Place(tap, g.window));
                                return position < 0 ? nullptr : image + position * g.out_channels;
                            });
        }
    });
}

// The gradient of a tap's matrix: rows c .. c+rows-1 of a group, a strip of its columns.
template <class T>
void sum_positions(const Geometry &g, const T *x, const T *given, const Place &tap, int64_t rows,
                   int64_t width, T *to) {
    Vector<T> sums[CHANNELS][STRIP] = {};
    for (int64_t n = 0; n < g.batch; ++n)
        for (int64_t i = 0; i < g.positions(); ++i) {
            const int64_t cell = cell_of(g, Place(i, g.out), tap);
            const T *pixel = cell < 0 ? nullptr : x + n * g.in_size() + cell * g.in_channels;
            const T *outputs = given + (n * g.positions() + i) * g.out_channels;
            for (int64_t c = 0; c < rows; ++c)
                add_product(sums[c], pixel ? pixel + c : nullptr, 1, outputs, 0, width);
        }
    for (int64_t c = 0; c < rows; ++c) store_strip(to + c * g.out_channels, sums[c], width);
}

// ints: as above.   buffers: x, g, gradient of the kernel.
template <class T> void correlate(Call *call) {
    const Geometry g(call->ints);
    const T *x = (const T *)call->buffers[0], *given = (const T *)call->buffers[1];
    T *y = (T *)call->buffers[2];
    const int64_t ins = g.in_group(), outs = g.out_group(), width = STRIP * LANES<T>;
    const int64_t blocks = divide_up(ins, CHANNELS), strips = divide_up(outs, width);
    parallel(call, g.taps() * g.groups * blocks * strips, 0, [&](int64_t task, char *) {
        const int64_t o = task % strips * width, c = task / strips % blocks * CHANNELS;
        const int64_t group = task / (strips * blocks) % g.groups,
                      tap = task / (strips * blocks * g.groups);
        sum_positions(g, x + group * ins + c, given + group * outs + o, Place(tap, g.window),
                      smaller(CHANNELS, ins - c), smaller(width, outs - o),
                      y + (tap * ins + c) * g.out_channels + group * outs + o);
    });
}

#define BY_TYPE(name, run)                                                                         \
    void name(Call *call) {                                                                        \
        if (call->ints[CONVOLUTION_INTS] == 4) run<float>(call);                                   \
        else run<double>(call);                                                                    \
    }
BY_TYPE(plain_convolution, convolve)
BY_TYPE(plain_convolution_input_gradient, give_back)
BY_TYPE(plain_convolution_kernel_gradient, correlate)

}  // namespace

KERNEL_TABLE(convolution_plain, {"plain_convolution", plain_convolution, nullptr},
             {"plain_convolution_input_gradient", plain_convolution_input_gradient, nullptr},
             {"plain_convolution_kernel_gradient", plain_convolution_kernel_gradient, nullptr})
