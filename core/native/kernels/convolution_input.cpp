// The gradient of a convolution in its input, float32.
//
// The transposed product: each output position gives its window a row of values, the product of its
// gradient with the kernel. For one row of the window these go to neighbouring cells, so the
// micro-kernel adds its tile straight onto a slab of the result: rows of a tile start one stride apart
// and overlap, and are added one after another. No position is computed that is then dropped.
#include "../convolution.h"
#include "../parallel.h"
#include "../tile.h"

namespace {

constexpr int64_t SLAB_FLOATS = 48 << 10;  // of a task
constexpr int64_t TASK_WORK = 1 << 21;     // multiplications of a task, at least

// Runs of the window as in convolution.h, and the columns of a packed run.
struct Layout {
    int64_t runs, length, panels;
    explicit Layout(const Geometry &g)
        : runs(Runs::count_of(g)), length(g.taps() * g.in_group() / runs), panels(divide_up(length, NR)) {}
};

// Columns of the slab before the first window: cells of the input that all windows leave out.
int64_t left_out(const Geometry &g) { return greater(0, -g.before[2]); }

// Columns of the slab: all that windows reach, and all that the input has.
int64_t slab_width(const Geometry &g) {
    return left_out(g) + greater(g.reach(2, g.out[2]), g.in[2] + g.before[2]);
}

int64_t rows_of_task(const Geometry &g) {
    const int64_t row_floats = greater(1, slab_width(g) * g.in_group());
    const int64_t by_cache = greater(1, SLAB_FLOATS / row_floats);
    const int64_t row_work = divide_up(g.out[2] * g.taps() * g.in_channels * g.out_group(), g.stride[1]);
    const int64_t by_work = greater(1, TASK_WORK / greater(1, row_work));
    const int64_t wanted = g.batch * g.in[0] >= 16 ? g.in[1] : by_work;
    return smaller(g.in[1], smaller(by_cache, wanted));
}

// The position whose tap meets a cell, or -1.
int64_t position_of(const Geometry &g, int axis, int64_t cell, int64_t tap) {
    const int64_t at = cell + g.before[axis] - tap * g.dilation[axis];
    if (at < 0 || at % g.stride[axis]) return -1;
    const int64_t position = at / g.stride[axis];
    return position < g.out[axis] ? position : -1;
}

// Adds what one row of positions gives to one row of cells through one run of the window.
void add_row(const Geometry &g, const float *dy, const float *panel, float *cells, int64_t columns,
             int64_t pixel) {
    const int64_t per_tile = rows_per_tile(g.out[2]);
    for (int64_t w = 0; w < g.out[2]; w += per_tile) {
        const Tile t{dy + w * g.out_channels, g.out_channels, 1, nullptr, 1, g.out_group(), panel, NR,
                     cells + w * g.stride[2] * pixel, g.stride[2] * pixel, columns, true, nullptr, NONE};
        run_tile(t, smaller(per_tile, g.out[2] - w));
    }
}

void give_back(Call *call, const Geometry &g, int64_t task, int64_t rows, float *slab) {
    const Layout layout(g);
    const int64_t blocks = divide_up(g.in[1], rows), h0 = task % blocks * rows;
    const int64_t d = task / blocks % g.in[0], n = task / blocks / g.in[0];
    const int64_t h1 = smaller(g.in[1], h0 + rows), pixel = g.in_group(), width = slab_width(g);
    const float *dy = (const float *)call->buffers[0] + n * g.positions() * g.out_channels;
    const float *packed = (const float *)call->buffers[1];
    float *dx = (float *)call->buffers[2] + n * g.in_size();
    const int64_t runs_of_row = layout.runs / (g.window[0] * g.window[1]);
    for (int64_t group = 0; group < g.groups; ++group) {
        clear_floats(slab, (h1 - h0) * width * pixel);
        for (int64_t run = 0; run < layout.runs; ++run) {
            const int64_t tap_row = run / runs_of_row % g.window[1];
            const int64_t tap_plane = run / runs_of_row / g.window[1];
            const int64_t plane = position_of(g, 0, d, tap_plane);
            if (plane < 0) continue;
            const int64_t shift = (left_out(g) + run % runs_of_row * g.dilation[2]) * pixel;
            for (int64_t j = 0; j < layout.panels; ++j) {
                const float *panel =
                    packed + ((group * layout.runs + run) * layout.panels + j) * g.out_group() * NR;
                for (int64_t h = h0; h < h1; ++h) {
                    const int64_t row = position_of(g, 1, h, tap_row);
                    if (row < 0) continue;
                    add_row(g,
                            dy + (plane * g.out[1] + row) * g.out[2] * g.out_channels + group * g.out_group(),
                            panel, slab + (h - h0) * width * pixel + shift + j * NR,
                            smaller(NR, layout.length - j * NR), pixel);
                }
            }
        }
        for (int64_t h = h0; h < h1; ++h) {
            const float *from = slab + ((h - h0) * width + greater(0, g.before[2])) * pixel;
            float *to = dx + (d * g.in[1] + h) * g.in[2] * g.in_channels + group * pixel;
            for (int64_t x = 0; x < (g.groups == 1 ? 1 : g.in[2]); ++x)
                copy_floats(to + x * g.in_channels, from + x * pixel, g.groups == 1 ? g.in[2] * pixel : pixel);
        }
    }
}

// ints: those of Geometry.   buffers: gradient of y, packed kernel, gradient of x.
void convolution_input_gradient(Call *call) {
    const Geometry g(call->ints);
    if (g.batch * g.in_size() == 0) return;
    const int64_t rows = rows_of_task(g), tasks = g.batch * g.in[0] * divide_up(g.in[1], rows);
    const size_t scratch = size_t(rows * slab_width(g) * g.in_group() + VL) * sizeof(float);
    parallel(call, tasks, scratch,
             [&](int64_t task, char *memory) { give_back(call, g, task, rows, (float *)memory); });
}

// Packs a kernel (taps, in / groups, out) into [group][run][panel][out][NR]: transposed, the cells of
// a run beside each other.   ints: those of Geometry.   buffers: kernel, packed.
void pack_convolution_input(Call *call) {
    const Geometry g(call->ints);
    const Layout layout(g);
    const float *kernel = (const float *)call->buffers[0];
    float *packed = (float *)call->buffers[1];
    const int64_t outs = g.out_group();
    parallel(call, g.groups * layout.runs * layout.panels, 0, [&](int64_t task, char *) {
        const int64_t j = task % layout.panels * NR, run = task / layout.panels % layout.runs;
        const int64_t group = task / layout.panels / layout.runs;
        const float *from = kernel + (run * layout.length + j) * g.out_channels + group * outs;
        float *to = packed + task * outs * NR;
        for (int64_t c = 0; c < NR; c += VL)
            for (int64_t k = 0; k < outs; k += VL)
                transpose_block(from + c * g.out_channels + k, g.out_channels, layout.length - j - c,
                                outs - k, to + k * NR + c, NR);
    });
}

}  // namespace

KERNEL_TABLE(convolution_input, {"convolution_input_gradient", convolution_input_gradient, nullptr},
             {"pack_convolution_input", pack_convolution_input, nullptr})
