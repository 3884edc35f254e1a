// The gradient of a convolution in its kernel, with operands rounded to bfloat16: see bfloat.h.
//
// For each tap that is a product of two matrices summed over images and positions: rows are channels in,
// columns channels out, and the steps of a small matrix are 32 images at the same pixel. A unit of work
// is a band of rows of some blocks of 32 images, packed as
//   x   [block][pixel][in / 16], a matrix of rows each: 16 channels of 32 images
//   dy  [block][pixel][out / 16], a matrix of pairs each: 16 channels of 16 pairs of images
// It fits the second-level cache, and is gone through for each tap and each 32 x 32 channels. Units are
// dealt to a number of partial sums that the shape fixes; these are added in order. Where sums are large
// there is one, and tasks share the channels in.
#include "../bfloat.h"
#include "../convolution.h"
#include "../parallel.h"

namespace {

constexpr int64_t UNIT_BYTES = 1280 << 10;  // of packed x and dy
constexpr int64_t MAX_PARTS = 16, MAX_PARTIAL_FLOATS = 4 << 20;  // of all parts
constexpr int64_t ENOUGH_TASKS = 8;

struct Units {
    Geometry g;
    int64_t rows, bands, merged;  // output rows of a unit, units an image has, blocks of a unit
    int64_t units, parts, splits;
    int64_t squares_in, squares_out, size;  // of the sums, in floats

    explicit Units(const Geometry &geometry) : g(geometry) {
        const int64_t blocks = divide_up(g.batch, SQUARE);
        squares_in = g.in_channels / SQUARE, squares_out = g.out_channels / SQUARE;
        size = g.taps() * g.in_channels * g.out_channels;
        parts = greater(1, smaller(MAX_PARTS, MAX_PARTIAL_FLOATS / size));
        splits = smaller(squares_in, divide_up(ENOUGH_TASKS, parts));
        rows = g.out[1], merged = 1;
        while (rows > 1 && bytes(rows) > UNIT_BYTES) rows = divide_up(rows, 2);
        bands = divide_up(g.out[1], rows);
        if (bands == 1) merged = smaller(blocks, greater(1, UNIT_BYTES / bytes(rows)));
        units = divide_up(blocks, merged) * bands;
        parts = smaller(parts, units);
    }
    // Channels in that a task has.
    int64_t task_channels() const { return divide_up(squares_in, splits) * SQUARE; }
    int64_t x_rows(int64_t rows) const { return smaller(g.in[1], g.reach(1, rows)); }
    int64_t x_elements(int64_t rows) const { return x_rows(rows) * g.in[2] * task_channels() * SQUARE; }
    int64_t dy_elements(int64_t rows) const { return rows * g.out[2] * g.out_channels * SQUARE; }
    int64_t bytes(int64_t rows) const {
        return (x_elements(rows) + dy_elements(rows)) * int64_t(sizeof(Bfloat));
    }
};

int64_t workspace(const int64_t *ints) {
    const Units u{Geometry(ints)};
    return u.parts * u.size * int64_t(sizeof(float));
}

// `count` of 32 images, `image` floats apart, at one pixel: 16 channels as pairs of images.
INLINE void pack_pairs(const float *from, int64_t image, int64_t count, Bfloat *to) {
    for (int64_t i = 0; i < SQUARE; i += 2, from += 2 * image)
        pack_pair(i < count ? from : nullptr, i + 1 < count ? from + image : nullptr, to + i * HALF_SQUARE);
}

// A unit's place: output rows row0 … row1-1, and the rows of x that they see.
struct Band {
    int64_t row0, row1, x0, x1;
    Band(const Units &u, int64_t band) {
        const Geometry &g = u.g;
        row0 = band * u.rows, row1 = smaller(g.out[1], row0 + u.rows);
        x0 = row0 * g.stride[1] - g.before[1];
        x1 = smaller(g.in[1], x0 + g.reach(1, row1 - row0));
        x0 = smaller(greater(0, x0), greater(0, x1));
    }
};

void pack_unit(const Units &u, const float *x, const float *dy, int64_t first_image, int64_t count,
               int64_t first_channel, int64_t channels, const Band &band, Bfloat *packed_x,
               Bfloat *packed_dy) {
    const Geometry &g = u.g;
    const int64_t x_image = g.in_size(), dy_image = g.positions() * g.out_channels;
    x += first_image * x_image + first_channel, dy += first_image * dy_image;
    for (int64_t pixel = band.x0 * g.in[2]; pixel < band.x1 * g.in[2]; ++pixel)
        for (int64_t c = 0; c < channels; c += HALF_SQUARE, packed_x += SMALL) {
            alignas(64) Bfloat pairs[SMALL];
            pack_pairs(x + pixel * g.in_channels + c, x_image, count, pairs);
            turn_small(pairs, packed_x);
        }
    for (int64_t pixel = band.row0 * g.out[2]; pixel < band.row1 * g.out[2]; ++pixel)
        for (int64_t c = 0; c < g.out_channels; c += HALF_SQUARE, packed_dy += SMALL)
            pack_pairs(dy + pixel * g.out_channels + c, dy_image, count, packed_dy);
}

// What one tap adds to a square of sums. x and dy are at the square's channels.
INLINE void add_tap(const Units &u, const Band &band, int64_t tap, const Bfloat *x, int64_t x_pixel,
                    const Bfloat *dy, int64_t dy_pixel, Square &square) {
    const Geometry &g = u.g;
    const int64_t down = tap / g.window[2] * g.dilation[1] - g.before[1];
    const int64_t across = tap % g.window[2] * g.dilation[2] - g.before[2], stride = g.stride[2];
    const int64_t first = across < 0 ? divide_up(-across, stride) : 0;
    const int64_t last = smaller(g.out[2], across < g.in[2] ? divide_up(g.in[2] - across, stride) : 0);
    for (int64_t row = band.row0; row < band.row1; ++row) {
        const int64_t y = row * g.stride[1] + down;
        if (y < 0 || y >= g.in[1]) continue;
        const Bfloat *rows = x + ((y - band.x0) * g.in[2] + first * stride + across) * x_pixel;
        const Bfloat *pairs = dy + ((row - band.row0) * g.out[2] + first) * dy_pixel;
        for (int64_t i = first; i < last; ++i, rows += stride * x_pixel, pairs += dy_pixel)
            square.add(rows, rows + SMALL, pairs, pairs + SMALL);
    }
}

// Sums lie as [tap][in / 32][out / 32], a square each.
void add_units(Call *call, const Units &u, int64_t task, Bfloat *scratch, float *all_sums) {
    const Geometry &g = u.g;
    const int64_t part = task / u.splits, split = task % u.splits;
    const int64_t square0 = split * u.squares_in / u.splits, square1 = (split + 1) * u.squares_in / u.splits;
    const int64_t channels = (square1 - square0) * SQUARE;
    const int64_t x_pixel = channels / HALF_SQUARE * SMALL, dy_pixel = g.out_channels / HALF_SQUARE * SMALL;
    const int64_t x_block = u.x_elements(u.rows), dy_block = u.dy_elements(u.rows);
    Bfloat *packed_dy = scratch + u.merged * x_block;
    float *sums = all_sums + part * u.size;
    const MatrixRegisters registers;
    Square square;
    bool is_first = true;
    for (int64_t unit = part * u.units / u.parts; unit < (part + 1) * u.units / u.parts; ++unit) {
        const Band band(u, unit % u.bands);
        const int64_t image0 = unit / u.bands * u.merged * SQUARE;
        const int64_t merged = smaller(u.merged, divide_up(g.batch - image0, SQUARE));
        for (int64_t m = 0; m < merged; ++m)
            pack_unit(u, (const float *)call->buffers[0], (const float *)call->buffers[1],
                      image0 + m * SQUARE, smaller(SQUARE, g.batch - image0 - m * SQUARE),
                      square0 * SQUARE, channels, band, scratch + m * x_block, packed_dy + m * dy_block);
        for (int64_t i = square0; i < square1; ++i)
            for (int64_t j = 0; j < u.squares_out; ++j)
                for (int64_t tap = 0; tap < g.taps(); ++tap) {
                    float *to = sums + ((tap * u.squares_in + i) * u.squares_out + j) * SQUARE_FLOATS;
                    if (is_first) square.clear();
                    else square.load(to);
                    for (int64_t m = 0; m < merged; ++m)
                        add_tap(u, band, tap, scratch + m * x_block + (i - square0) * 2 * SMALL, x_pixel,
                                packed_dy + m * dy_block + j * 2 * SMALL, dy_pixel, square);
                    square.store(to);
                }
        is_first = false;
    }
}

// Adds up the parts of a row of squares, and puts each number where it belongs.
void finish(const Units &u, const float *sums, int64_t row, float *result) {
    const int64_t outs = u.g.out_channels;
    for (int64_t j = 0; j < u.squares_out; ++j) {
        const float *square = sums + (row * u.squares_out + j) * SQUARE_FLOATS;
        float *to = result + row * SQUARE * outs + j * SQUARE;
        for (int64_t k = 0; k < SQUARE_FLOATS; k += VL) {
            vf total = load(square + k);
            for (int64_t part = 1; part < u.parts; ++part) total += load(square + part * u.size + k);
            const int64_t quarter = k / 256, i = quarter / 2 * HALF_SQUARE + k % 256 / HALF_SQUARE;
            store(to + i * outs + quarter % 2 * HALF_SQUARE + k % HALF_SQUARE, total);
        }
    }
}

// ints: those of Geometry.   buffers: x, gradient of y, gradient of the kernel.
void kernel_gradient(Call *call) {
    const Units u{Geometry(call->ints)};
    float *sums = (float *)call->workspace;
    const size_t scratch = size_t(u.merged * u.bytes(u.rows));
    parallel(call, u.parts * u.splits, scratch,
             [&](int64_t task, char *memory) { add_units(call, u, task, (Bfloat *)memory, sums); });
    parallel(call, u.g.taps() * u.squares_in, 0,
             [&](int64_t row, char *) { finish(u, sums, row, (float *)call->buffers[2]); });
}

}  // namespace

KERNEL_TABLE(bfloat_gradient, {"bfloat_kernel_gradient", kernel_gradient, workspace})
