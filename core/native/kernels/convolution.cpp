// Direct convolution, float32: strides, dilations, groups, padding, one to three axes.
//
// The micro-kernel reads pixels where they lie: its rows are neighbouring outputs of one image row,
// its steps the cells of the window, so nothing is unrolled into matrices (no im2col). Weights are
// packed into panels of NR outputs beforehand. A task owns some output rows of one image; its slab
// of input, padded, stays in the second-level cache while the panels pass by.
#include "../convolution.h"
#include "../parallel.h"
#include "../tile.h"

namespace {

constexpr int64_t SLAB_FLOATS = 48 << 10;    // of a task, about: 192 KB
constexpr int64_t TASK_WORK = 1 << 21;       // multiplications of a task, at least

// ints: those of Geometry; has bias, activation.   buffers: x, packed weights, (bias,) y.
int64_t panels_of(int64_t channels) { return divide_up(channels, NR); }

int64_t rows_of_task(const Geometry &g) {
    const int64_t row_work = g.out[2] * g.taps() * g.in_group() * g.out_channels;
    const int64_t row_floats = greater(1, g.stride[1] * g.reach(2, g.out[2]) * g.in_group() * g.window[0]);
    const int64_t by_cache = greater(1, SLAB_FLOATS / row_floats);
    const int64_t by_work = greater(1, TASK_WORK / greater(1, row_work));
    // images are tasks already where there are many of them
    const int64_t wanted = g.batch * g.out[0] >= 16 ? g.out[1] : by_work;
    return smaller(g.out[1], smaller(by_cache, wanted));
}

void convolve_block(Call *call, const Geometry &g, int64_t task, int64_t rows, bool is_inside,
                    float *scratch) {
    const int64_t blocks = divide_up(g.out[1], rows);
    const int64_t h0 = task % blocks * rows, d = task / blocks % g.out[0];
    const int64_t n = task / blocks / g.out[0], h1 = smaller(g.out[1], h0 + rows);
    const bool has_bias = call->ints[CONVOLUTION_INTS];
    const float *x = (const float *)call->buffers[0] + n * g.in_size();
    const float *weights = (const float *)call->buffers[1];
    const float *bias = has_bias ? (const float *)call->buffers[2] : nullptr;
    const int64_t row = g.out[2] * g.out_channels;
    float *y = (float *)call->buffers[2 + has_bias] + (n * g.out[0] + d) * g.out[1] * row;
    const int64_t taps_length = g.taps() * g.in_group(), outs = g.out_group();
    const int64_t per_tile = rows_per_tile(g.out[2]);
    for (int64_t group = 0; group < g.groups; ++group) {
        const Slab slab = make_slab(g, x, group, d, h0, h1 - h0, is_inside, scratch);
        const Runs runs(g, slab);
        for (int64_t panel = 0; panel < panels_of(outs); ++panel) {
            const int64_t k = group * outs + panel * NR;
            const float *b = weights + (group * panels_of(outs) + panel) * taps_length * NR;
            for (int64_t h = h0; h < h1; ++h)
                for (int64_t w = 0; w < g.out[2]; w += per_tile) {
                    const float *a = slab.cells + (h - h0) * g.stride[1] * slab.row +
                                     w * g.stride[2] * slab.pixel;
                    const Tile t{a, g.stride[2] * slab.pixel, 1, runs.offsets, runs.count, runs.length,
                                 b, NR, y + h * row + w * g.out_channels + k, g.out_channels,
                                 smaller(NR, outs - panel * NR), false, bias ? bias + k : nullptr,
                                 Activation(call->ints[CONVOLUTION_INTS + 1])};
                    run_tile(t, smaller(per_tile, g.out[2] - w));
                }
        }
    }
}

void convolution(Call *call) {
    const Geometry g(call->ints);
    if (g.batch * g.positions() * g.out_channels == 0) return;
    const bool is_inside = g.is_inside();
    const int64_t rows = rows_of_task(g), tasks = g.batch * g.out[0] * divide_up(g.out[1], rows);
    const size_t scratch = is_inside ? 0 : size_t(Slab::size(g, rows) + VL) * sizeof(float);
    parallel(call, tasks, scratch, [&](int64_t task, char *memory) {
        convolve_block(call, g, task, rows, is_inside, (float *)memory);
    });
}

// Packs a kernel (taps, in / groups, out) into [group][panel][tap][in][NR], zeros beyond the outputs.
// ints: those of Geometry.   buffers: kernel, packed.
void pack_convolution(Call *call) {
    const Geometry g(call->ints);
    const int64_t depth = g.taps() * g.in_group(), panels = panels_of(g.out_group());
    const float *kernel = (const float *)call->buffers[0];
    float *packed = (float *)call->buffers[1];
    parallel(call, g.groups * panels, 0, [&](int64_t task, char *) {
        const int64_t group = task / panels, j0 = task % panels * NR;
        const int64_t width = smaller(NR, g.out_group() - j0);
        const float *from = kernel + group * g.out_group() + j0;
        float *to = packed + task * depth * NR;
        for (int64_t i = 0; i < depth; ++i, to += NR, from += g.out_channels) {
            copy_floats(to, from, width);
            clear_floats(to + width, NR - width);
        }
    });
}

}  // namespace

KERNEL_TABLE(convolution, {"convolution", convolution, nullptr},
             {"pack_convolution", pack_convolution, nullptr})
