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

// ints: those of Geometry; has bias, activation, pools.   buffers: x, packed weights, (bias,) y.
// Where it pools, y is the largest of each 2 x 2 outputs of a picture.
struct Task {
    int64_t image, plane, first, last;  // output rows
};

int64_t panels_of(int64_t channels) { return divide_up(channels, NR); }

int64_t rows_of_task(const Geometry &g, bool pools) {
    const int64_t row_work = g.out[2] * g.taps() * g.in_group() * g.out_channels;
    const int64_t row_floats = greater(1, g.stride[1] * g.reach(2, g.out[2]) * g.in_group() * g.window[0]);
    const int64_t by_cache = greater(1, SLAB_FLOATS / row_floats);
    const int64_t by_work = greater(1, TASK_WORK / greater(1, row_work));
    // images are tasks already where there are many of them
    const int64_t wanted = g.batch * g.out[0] >= 16 ? g.out[1] : by_work;
    const int64_t rows = smaller(g.out[1], smaller(by_cache, wanted));
    return pools ? round_up(rows, 2) : rows;
}

// A panel of outputs of one row of them, to `to`; from one output to the next `apart`.
void convolve_row(const Geometry &g, const Slab &slab, const Runs &runs, const float *weights,
                  int64_t row, int64_t columns, const float *bias, Activation activation, float *to,
                  int64_t apart) {
    const int64_t per_tile = rows_per_tile(g.out[2]);
    for (int64_t w = 0; w < g.out[2]; w += per_tile) {
        const float *a = slab.cells + row * g.stride[1] * slab.row + w * g.stride[2] * slab.pixel;
        const Tile t{a, g.stride[2] * slab.pixel, 1, runs.offsets, runs.count, runs.length,
                     weights, NR, to + w * apart, apart, columns, false, bias, activation};
        run_tile(t, smaller(per_tile, g.out[2] - w));
    }
}

// The largest of each 2 x 2 of two rows of outputs, NR channels each.
void pool_rows(const float *rows, int64_t width, int64_t columns, float *to, int64_t apart) {
    for (int64_t w = 0; w + 1 < width; w += 2, to += apart)
        for (int64_t j = 0; j < columns; j += VL) {
            const float *above = rows + w * NR + j, *below = above + width * NR;
            store_first(to + j,
                        larger<float>(larger<float>(load(above), load(above + NR)),
                                      larger<float>(load(below), load(below + NR))),
                        columns - j);
        }
}

// `rows` has room for two rows of a panel where it pools.
void convolve_task(Call *call, const Geometry &g, const Task &task, bool is_inside, float *rows,
                   float *scratch) {
    const int64_t *own = call->ints + CONVOLUTION_INTS;
    const bool has_bias = own[0], pools = own[2];
    const Activation activation = Activation(own[1]);
    const float *x = (const float *)call->buffers[0] + task.image * g.in_size();
    const float *weights = (const float *)call->buffers[1];
    const float *bias = has_bias ? (const float *)call->buffers[2] : nullptr;
    const int64_t shrink = pools ? 2 : 1, height = g.out[1] / shrink, row = g.out[2] / shrink * g.out_channels;
    float *y = (float *)call->buffers[2 + has_bias] + (task.image * g.out[0] + task.plane) * height * row;
    const int64_t taps_length = g.taps() * g.in_group(), outs = g.out_group();
    for (int64_t group = 0; group < g.groups; ++group) {
        const Slab slab = make_slab(g, x, group, task.plane, task.first, task.last - task.first,
                                    is_inside, scratch);
        const Runs runs(g, slab);
        for (int64_t panel = 0; panel < panels_of(outs); ++panel) {
            const int64_t k = group * outs + panel * NR, columns = smaller(NR, outs - panel * NR);
            const float *b = weights + (group * panels_of(outs) + panel) * taps_length * NR;
            const float *panel_bias = bias ? bias + k : nullptr;
            for (int64_t h = task.first; h + shrink <= task.last; h += shrink) {
                float *to = y + h / shrink * row + k;
                for (int64_t i = 0; i < shrink; ++i)
                    convolve_row(g, slab, runs, b, h - task.first + i, columns, panel_bias, activation,
                                 pools ? rows + i * g.out[2] * NR : to, pools ? NR : g.out_channels);
                if (pools) pool_rows(rows, g.out[2], columns, to, g.out_channels);
            }
        }
    }
}

void convolution(Call *call) {
    const Geometry g(call->ints);
    if (g.batch * g.positions() * g.out_channels == 0) return;
    const bool is_inside = g.is_inside(), pools = call->ints[CONVOLUTION_INTS + 2];
    const int64_t rows = rows_of_task(g, pools), blocks = divide_up(g.out[1], rows);
    const int64_t pooled = pools ? 2 * g.out[2] * NR : 0;
    const int64_t slab = is_inside ? 0 : Slab::size(g, smaller(rows, g.out[1])) + VL;
    parallel(call, g.batch * g.out[0] * blocks, size_t(pooled + slab) * sizeof(float),
             [&](int64_t index, char *memory) {
                 const int64_t first = index % blocks * rows;
                 const Task task{index / blocks / g.out[0], index / blocks % g.out[0], first,
                                 smaller(g.out[1], first + rows)};
                 convolve_task(call, g, task, is_inside, (float *)memory, (float *)memory + pooled);
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
