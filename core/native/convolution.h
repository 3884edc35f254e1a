// The geometry of a convolution over up to three axes, and the slab of input that a piece of it reads.
//
// Signals and pictures have leading axes of size 1. All sizes are in elements; channels lie together.
#pragma once
#include "vec.h"

namespace {

constexpr int AXES = 3;
constexpr int CONVOLUTION_INTS = 22;  // read by Geometry; what follows is the kernel's own

struct Geometry {
    int64_t batch, in_channels, out_channels, groups;
    const int64_t *in, *out, *window, *stride, *dilation, *before;  // by axis

    // ints: batch, in channels, out channels, groups; then by axis: sizes in, positions out, window,
    // stride, dilation, cells of padding before (negative: cells left out).
    explicit Geometry(const int64_t *v)
        : batch(v[0]), in_channels(v[1]), out_channels(v[2]), groups(v[3]), in(v + 4), out(v + 7),
          window(v + 10), stride(v + 13), dilation(v + 16), before(v + 19) {}

    int64_t taps() const { return window[0] * window[1] * window[2]; }
    int64_t in_group() const { return in_channels / groups; }
    int64_t out_group() const { return out_channels / groups; }
    int64_t positions() const { return out[0] * out[1] * out[2]; }
    int64_t in_size() const { return in[0] * in[1] * in[2] * in_channels; }
    // Cells that `count` windows in a row cover.
    int64_t reach(int axis, int64_t count) const {
        return (count - 1) * stride[axis] + (window[axis] - 1) * dilation[axis] + 1;
    }
    // Whether no window leaves the input, so that it can be read where it lies.
    bool is_inside() const {
        for (int a = 0; a < AXES; ++a)
            if (before[a] > 0 || reach(a, out[a]) - before[a] > in[a]) return false;
        return true;
    }
};

// The cells that windows of a block of output rows touch: in the input itself, or copied to scratch
// with zeros around.
struct Slab {
    const float *cells;  // of the block's first window
    int64_t plane, row, pixel;

    // Planes, rows and columns that a block of `rows` output rows of one output plane reads.
    static int64_t size(const Geometry &g, int64_t rows) {
        return g.window[0] * g.reach(1, rows) * g.reach(2, g.out[2]) * g.in_group();
    }
};

INLINE void copy_floats(float *to, const float *from, int64_t n) {
    for (int64_t i = 0; i < n; i += VL) store_first(to + i, load_first(from + i, n - i), n - i);
}
INLINE void clear_floats(float *to, int64_t n) {
    for (int64_t i = 0; i < n; i += VL) store_first(to + i, vf{}, n - i);
}

// One row of the slab: `width` columns from column `first` of an input row, zeros outside.
INLINE void copy_row(const Geometry &g, const float *row, int64_t first, int64_t width, float *to) {
    const int64_t channels = g.in_group();
    const int64_t begin = smaller(width, greater(0, -first));
    const int64_t end = greater(begin, smaller(width, g.in[2] - first));
    clear_floats(to, begin * channels);
    if (channels == g.in_channels) {
        copy_floats(to + begin * channels, row + (first + begin) * channels, (end - begin) * channels);
    } else {
        for (int64_t x = begin; x < end; ++x)
            copy_floats(to + x * channels, row + (first + x) * g.in_channels, channels);
    }
    clear_floats(to + end * channels, (width - end) * channels);
}

// The slab of output rows h0 .. h0+rows of plane d, for one image and group.
INLINE Slab make_slab(const Geometry &g, const float *image, int64_t group, int64_t d, int64_t h0,
                      int64_t rows, bool is_inside, float *scratch) {
    const int64_t channels = g.in_group();
    const int64_t first_plane = d * g.stride[0] - g.before[0];
    const int64_t first_row = h0 * g.stride[1] - g.before[1], first_column = -g.before[2];
    const int64_t in_row = g.in[2] * g.in_channels, in_plane = g.in[1] * in_row;
    if (is_inside)
        return {image + first_plane * in_plane + first_row * in_row + first_column * g.in_channels +
                    group * channels,
                g.dilation[0] * in_plane, in_row, g.in_channels};
    const int64_t width = g.reach(2, g.out[2]), height = g.reach(1, rows);
    for (int64_t p = 0; p < g.window[0]; ++p) {
        const int64_t plane = first_plane + p * g.dilation[0];
        for (int64_t r = 0; r < height; ++r) {
            const int64_t row = first_row + r;
            float *to = scratch + (p * height + r) * width * channels;
            if (plane < 0 || plane >= g.in[0] || row < 0 || row >= g.in[1])
                clear_floats(to, width * channels);
            else
                copy_row(g, image + plane * in_plane + row * in_row + group * channels, first_column,
                         width, to);
        }
    }
    return {scratch, height * width * channels, width * channels, channels};
}

// The window as runs of cells that lie together: whole rows of it where columns are not dilated.
struct Runs {
    static constexpr int MAX = 512;
    int64_t offsets[MAX];
    int64_t count, length;

    static int64_t count_of(const Geometry &g) {
        const bool whole_rows = g.dilation[2] == 1 && g.groups == 1;
        return g.window[0] * g.window[1] * (whole_rows ? 1 : g.window[2]);
    }
    Runs(const Geometry &g, const Slab &slab) {
        const bool whole_rows = g.dilation[2] == 1 && slab.pixel == g.in_group();
        count = 0;
        length = g.in_group() * (whole_rows ? g.window[2] : 1);
        for (int64_t p = 0; p < g.window[0]; ++p)
            for (int64_t r = 0; r < g.window[1]; ++r)
                for (int64_t c = 0; c < (whole_rows ? 1 : g.window[2]); ++c)
                    offsets[count++] = p * slab.plane + r * g.dilation[1] * slab.row +
                                       c * g.dilation[2] * slab.pixel;
    }
};

}  // namespace
