// Convolutions, and gradients in their input, with operands rounded to bfloat16: see bfloat.h.
//
// A product's rows are 32 images at the same pixel. So 32 channels of a cell of the window are one matrix
// where they lie: no window is copied (no im2col), images of 2 x 2 fill the registers as well as those of
// 32 x 32, and at borders nothing is multiplied by zeros. A task has some rows of 32 images: it packs what
// their windows see as [pixel][in / 32][image][32] into the second-level cache, and for each 32 outputs
// goes through all pixels, while the weights of those outputs stay in the caches too.
//
// The gradient in the input is the same sum seen from the other side: each cell of the input adds what
// the positions that see it give.
#include "../bfloat.h"
#include "../convolution.h"
#include "../parallel.h"
#include "../tile.h"

namespace {

constexpr int64_t BAND_BYTES = 1 << 20;  // of a task's packed images, half of a second-level cache
constexpr int64_t ENOUGH_TASKS = 16;
constexpr int64_t CACHE_BYTES = 8 << 20;  // results larger than this go past the caches
constexpr int64_t AHEAD = 512;  // floats asked from memory early: a core does not foresee 32 images

// Sources are what is read, targets what is made: `from` pixels and channels, `to` pixels and channels.
struct Face {
    const Geometry g;
    const bool is_gradient;
    const int64_t *from, *to;  // sizes by axis; the first axis has size 1
    int64_t depth, width;      // channels

    Face(const Geometry &geometry, bool is_gradient)
        : g(geometry), is_gradient(is_gradient), from(is_gradient ? g.out : g.in),
          to(is_gradient ? g.in : g.out), depth(is_gradient ? g.out_channels : g.in_channels),
          width(is_gradient ? g.in_channels : g.out_channels) {}

    // Which source a target sees through a tap, along an axis; -1: none.
    int64_t source(int axis, int64_t target, int64_t tap) const {
        if (!is_gradient) {
            const int64_t cell = target * g.stride[axis] + tap * g.dilation[axis] - g.before[axis];
            return cell < g.in[axis] ? greater(cell, -1) : -1;
        }
        const int64_t at = target + g.before[axis] - tap * g.dilation[axis];
        if (at < 0 || at % g.stride[axis]) return -1;
        return at / g.stride[axis] < g.out[axis] ? at / g.stride[axis] : -1;
    }
    // Rows of sources that rows first … last-1 of targets see: none if begin >= end.
    void sources(int64_t first, int64_t last, int64_t *begin, int64_t *end) const {
        *begin = from[1], *end = 0;
        for (int64_t row = first; row < last; ++row)
            for (int64_t tap = 0; tap < g.window[1]; ++tap) {
                const int64_t seen = source(1, row, tap);
                if (seen < 0) continue;
                *begin = smaller(*begin, seen), *end = greater(*end, seen + 1);
            }
    }
    int64_t row_bytes() const { return from[2] * depth * SQUARE * int64_t(sizeof(Bfloat)); }
    int64_t source_rows(int64_t rows) const {
        int64_t most = 0;
        for (int64_t first = 0; first < to[1]; first += rows) {
            int64_t begin, end;
            sources(first, smaller(to[1], first + rows), &begin, &end);
            most = greater(most, end - begin);
        }
        return most;
    }
};

// How targets are dealt to tasks.
struct Tasks {
    int64_t rows, bands, blocks, splits;  // of a task; of rows; of images; of channels

    Tasks(const Face &f, bool pools) {
        blocks = divide_up(f.g.batch, SQUARE);
        rows = f.to[1];
        while (rows > 1 && f.source_rows(rows) * f.row_bytes() > BAND_BYTES) rows = divide_up(rows, 2);
        if (pools) rows = round_up(rows, 2);
        bands = divide_up(f.to[1], rows);
        splits = 1;
        while (blocks * bands * splits < ENOUGH_TASKS && splits * 2 * SQUARE <= f.width) splits *= 2;
    }
    int64_t count() const { return blocks * bands * splits; }
};

// Rows begin … end-1 of 32 images; those beyond the batch are zero.
void pack_images(const Face &f, const float *images, int64_t count, int64_t begin, int64_t end,
                 Bfloat *to) {
    const int64_t row = f.from[2] * f.depth, image = f.from[1] * row;
    for (int64_t pixel = begin * f.from[2]; pixel < end * f.from[2]; ++pixel)
        for (int64_t c = 0; c < f.depth; c += SQUARE, to += 2 * SMALL)
            for (int64_t i = 0; i < SQUARE; ++i) {
                if (i < count) {
                    const float *from = images + i * image + pixel * f.depth + c;
                    __builtin_prefetch(from + AHEAD, 0, 2);
                    __builtin_prefetch(from + AHEAD + HALF_SQUARE, 0, 2);
                    pack_row(from, to + i * SQUARE);
                } else __builtin_memset(to + i * SQUARE, 0, SQUARE * sizeof(Bfloat));
            }
}

// The sums of one pixel of 32 images and 32 channels.
INLINE void add_windows(const Face &f, const Bfloat *images, int64_t first_row, const Bfloat *weights,
                        int64_t row, int64_t column, Square &square) {
    const int64_t steps = f.depth / SQUARE, taps = f.g.taps();
    square.clear();
    for (int64_t r = 0; r < f.g.window[1]; ++r) {
        const int64_t y = f.source(1, row, r);
        if (y < 0) continue;
        for (int64_t c = 0; c < f.g.window[2]; ++c) {
            const int64_t x = f.source(2, column, c);
            if (x < 0) continue;
            const Bfloat *rows = images + ((y - first_row) * f.from[2] + x) * steps * 2 * SMALL;
            const Bfloat *pairs = weights + (r * f.g.window[2] + c) * steps * SMALL;
            for (int64_t k = 0; k < steps; ++k, rows += 2 * SMALL, pairs += SMALL)
                square.add(rows, rows + SMALL, pairs, pairs + taps * steps * SMALL);
        }
    }
}

// The sums of a pixel, or of each of four, of which the largest are taken: with bias and activation, to
// `to` of each image.
INLINE void write_pixel(const float *sums, int64_t pixels, const float *bias, Activation activation,
                        float *to, int64_t image, int64_t count, bool is_streamed) {
    for (int64_t i = 0; i < count; ++i, to += image)
        for (int64_t j = 0; j < SQUARE; j += VL) {
            const int64_t quarter = i / HALF_SQUARE * 2 + j / HALF_SQUARE;
            const float *sum = sums + quarter * 256 + i % HALF_SQUARE * HALF_SQUARE + j % HALF_SQUARE;
            vf v = load(sum);
            for (int64_t p = 1; p < pixels; ++p) v = larger<float>(v, load(sum + p * SQUARE_FLOATS));
            if (bias) v += load(bias + j);
            if (activation == RELU) v = relu<float>(v);
            if (is_streamed) stream(to + j, v);
            else store(to + j, v);
        }
}

// ints: those of Geometry; is a gradient, has bias, activation, pools.
// buffers: images, weights as pack_bfloat_kernel left them, (bias,) results. Where it pools, these are
// the largest of each 2 x 2.
void convolve_band(Call *call, const Face &f, const Tasks &tasks, int64_t task, Bfloat *packed) {
    const int64_t *own = call->ints + CONVOLUTION_INTS;
    const bool has_bias = own[1];
    const Activation activation = Activation(own[2]);
    const int64_t split = task % tasks.splits, band = task / tasks.splits % tasks.bands;
    const int64_t first_image = task / tasks.splits / tasks.bands * SQUARE;
    const int64_t count = smaller(SQUARE, f.g.batch - first_image);
    const int64_t row0 = band * tasks.rows, row1 = smaller(f.to[1], row0 + tasks.rows);
    const int64_t steps = f.depth / SQUARE, squares = f.width / SQUARE;
    const int64_t shrink = own[3] ? 2 : 1, pixels = shrink * shrink, row_pixels = f.to[2] / shrink;
    const int64_t image = f.to[1] / shrink * row_pixels * f.width;
    const float *images = (const float *)call->buffers[0] + first_image * f.from[1] * f.from[2] * f.depth;
    const Bfloat *weights = (const Bfloat *)call->buffers[1];
    const float *bias = has_bias ? (const float *)call->buffers[2] : nullptr;
    float *results = (float *)call->buffers[2 + has_bias] + first_image * image;
    const bool is_streamed = f.g.batch * image * 4 > CACHE_BYTES && uintptr_t(results) % VECTOR_BYTES == 0;
    int64_t begin, end;
    f.sources(row0, row1, &begin, &end);
    if (begin < end) pack_images(f, images, count, begin, end, packed);
    const MatrixRegisters registers;
    Square square;
    alignas(64) float sums[4 * SQUARE_FLOATS];
    for (int64_t s = split * squares / tasks.splits; s < (split + 1) * squares / tasks.splits; ++s) {
        const Bfloat *panel = weights + 2 * s * f.g.taps() * steps * SMALL;
        for (int64_t row = row0; row + shrink <= row1; row += shrink)
            for (int64_t column = 0; column + shrink <= f.to[2]; column += shrink) {
                for (int64_t p = 0; p < pixels; ++p) {
                    add_windows(f, packed, begin, panel, row + p / shrink, column + p % shrink, square);
                    square.store(sums + p * SQUARE_FLOATS);
                }
                float *to = results + (row / shrink * row_pixels + column / shrink) * f.width + s * SQUARE;
                write_pixel(sums, pixels, bias ? bias + s * SQUARE : nullptr, activation, to, image, count,
                            is_streamed);
            }
    }
    if (is_streamed) stream_end();
}

void convolution(Call *call) {
    const Face f{Geometry(call->ints), bool(call->ints[CONVOLUTION_INTS])};
    const Tasks tasks(f, call->ints[CONVOLUTION_INTS + 3]);
    if (f.to[1] * f.to[2] == 0) return;
    const size_t scratch = size_t(f.source_rows(tasks.rows) * f.row_bytes());
    parallel(call, tasks.count(), scratch, [&](int64_t task, char *memory) {
        convolve_band(call, f, tasks, task, (Bfloat *)memory);
    });
}

// Packs a kernel (taps, in, out) into [to / 16][tap][from / 32], a matrix of pairs each.
// ints: those of Geometry; is a gradient.   buffers: kernel, packed.
void pack_kernel(Call *call) {
    const Face f{Geometry(call->ints), bool(call->ints[CONVOLUTION_INTS])};
    const float *kernel = (const float *)call->buffers[0];
    Bfloat *packed = (Bfloat *)call->buffers[1];
    const int64_t taps = f.g.taps(), steps = f.depth / SQUARE, outs = f.g.out_channels;
    parallel(call, f.width / HALF_SQUARE * taps, 0, [&](int64_t task, char *) {
        const int64_t n = task / taps * HALF_SQUARE, tap = task % taps;
        const float *from = kernel + tap * f.g.in_channels * outs;
        Bfloat *to = packed + task * steps * SMALL;
        for (int64_t k = 0; k < f.depth; k += SQUARE, to += SMALL) {
            alignas(64) Bfloat rows[SMALL];
            if (f.is_gradient) {
                for (int64_t i = 0; i < HALF_SQUARE; ++i)
                    pack_row(from + (n + i) * outs + k, rows + i * SQUARE);
                turn_small(rows, to);
            } else {
                for (int64_t i = 0; i < SQUARE; i += 2)
                    pack_pair(from + (k + i) * outs + n, from + (k + i + 1) * outs + n,
                              to + i * HALF_SQUARE);
            }
        }
    });
}

}  // namespace

KERNEL_TABLE(bfloat_convolution, {"bfloat_convolution", convolution, nullptr},
             {"pack_bfloat_kernel", pack_kernel, nullptr})
