// The gradient of a convolution in its kernel, float32.
//
// For each run of the window that is a product of two matrices summed over output positions: rows
// are the run's cells, columns the outputs. The micro-kernel reads both where they lie, and keeps a
// tile in registers over all positions of a block of rows. Images are dealt to a number of partial
// sums that the shape fixes; these are added in order.
#include "../convolution.h"
#include "../parallel.h"
#include "../tile.h"

namespace {

constexpr int64_t MAX_PARTS = 16;
constexpr int64_t MAX_PARTIAL_FLOATS = 4 << 20;  // of all parts
constexpr int64_t SLAB_FLOATS = 96 << 10;        // of a block of rows

struct Parts {
    int64_t parts, images, rows, size;

    // Each image falls into blocks of `rows` output rows; a part takes `images` whole images, or
    // where there are few of them some blocks.
    explicit Parts(const Geometry &g) {
        size = g.taps() * g.in_group() * g.out_channels;
        const int64_t row_floats = greater(1, g.stride[1] * g.reach(2, g.out[2]) * g.in_group() * g.window[0]);
        rows = smaller(g.out[1], greater(1, SLAB_FLOATS / row_floats));
        rows = smaller(rows, Runs::MAX);
        const int64_t most = smaller(MAX_PARTS, greater(1, MAX_PARTIAL_FLOATS / greater(1, size)));
        const int64_t blocks = g.batch * g.out[0] * divide_up(g.out[1], rows);
        images = divide_up(greater(1, blocks), smaller(most, greater(1, blocks)));  // blocks of a part
        parts = divide_up(greater(1, blocks), images);
    }
};

int64_t workspace(const int64_t *ints) {
    const Parts p{Geometry(ints)};
    return p.parts == 1 ? 0 : p.parts * p.size * int64_t(sizeof(float));
}

// Adds the products of one block of rows to `sums` (taps, in / groups, out).
void add_block(const Geometry &g, const float *x, const float *dy, int64_t block, int64_t rows,
               bool is_inside, bool is_first, float *sums, float *scratch) {
    const int64_t blocks = divide_up(g.out[1], rows), h0 = block % blocks * rows;
    const int64_t d = block / blocks % g.out[0], n = block / blocks / g.out[0];
    const int64_t count = smaller(rows, g.out[1] - h0), outs = g.out_group();
    const float *given = dy + (((n * g.out[0] + d) * g.out[1] + h0) * g.out[2]) * g.out_channels;
    for (int64_t group = 0; group < g.groups; ++group) {
        const Slab slab = make_slab(g, x + n * g.in_size(), group, d, h0, count, is_inside, scratch);
        const Runs runs(g, slab);
        int64_t row_offsets[Runs::MAX];
        for (int64_t r = 0; r < count; ++r) row_offsets[r] = r * g.stride[1] * slab.row;
        const int64_t per_tile = rows_per_tile(runs.length);
        for (int64_t run = 0; run < runs.count; ++run)
            for (int64_t i = 0; i < runs.length; i += per_tile)
                for (int64_t k = 0; k < outs; k += NR) {
                    float *c = sums + (run * runs.length + i) * g.out_channels + group * outs + k;
                    const Tile t{slab.cells + runs.offsets[run] + i, 1, g.stride[2] * slab.pixel,
                                 row_offsets, count, g.out[2], given + group * outs + k,
                                 g.out_channels, c, g.out_channels, smaller(NR, outs - k), !is_first,
                                 nullptr, NONE};
                    run_tile(t, smaller(per_tile, runs.length - i), outs - k < NR);
                }
    }
}

// ints: those of Geometry.   buffers: x, gradient of y, gradient of the kernel.
void convolution_kernel_gradient(Call *call) {
    const Geometry g(call->ints);
    const Parts p(g);
    const float *x = (const float *)call->buffers[0], *dy = (const float *)call->buffers[1];
    float *result = (float *)call->buffers[2];
    float *sums = p.parts == 1 ? result : (float *)call->workspace;
    const bool is_inside = g.is_inside();
    const int64_t blocks = g.batch * g.out[0] * divide_up(g.out[1], greater(1, p.rows));
    if (blocks == 0 || g.out[2] == 0) return clear_floats(result, p.size);
    const size_t scratch = is_inside ? 0 : size_t(Slab::size(g, p.rows) + VL) * sizeof(float);
    parallel(call, p.parts, scratch, [&](int64_t part, char *memory) {
        const int64_t first = part * p.images, last = smaller(blocks, first + p.images);
        for (int64_t block = first; block < last; ++block)
            add_block(g, x, dy, block, p.rows, is_inside, block == first, sums + part * p.size,
                      (float *)memory);
    });
    if (p.parts == 1) return;
    parallel_spans(call, p.size, 1 << 12, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i += VL) {
            vf total = load_first(sums + i, end - i);
            for (int64_t part = 1; part < p.parts; ++part)
                total += load_first(sums + part * p.size + i, end - i);
            store_first(result + i, total, end - i);
        }
    });
}

}  // namespace

KERNEL_TABLE(convolution_gradient,
             {"convolution_kernel_gradient", convolution_kernel_gradient, workspace})
