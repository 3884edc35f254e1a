// Images picked at other positions, and the gradient of that.
//
// A row of the result is made in blocks. First the positions of a block's pixels are computed, in
// double, and whether all of them lie within the image. Then each becomes the place of its upper left
// tap and two weights: a position beyond the edges is folded to the one in the image that looks the
// same, so that nearly all pixels are made of four neighbours, whatever the fill mode. Last the taps
// are blended, a pixel of up to four channels at once: eight numbers from an address are the two pixels
// of a row, or more, so a pixel costs two loads.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t TASK_PIXELS = 1 << 13;  // 20 to 50 us
constexpr int BLOCK = 128;  // pixels: their positions, places and weights are 4 KiB, well within L1
static_assert(BLOCK % LANES<double> == 0, "blocks are whole vectors");

enum FillMode : int64_t { CONSTANT, NEAREST, REFLECT, MIRROR, WRAP, GRID_CONSTANT, GRID_WRAP };

// Places that are none: the fill value, and a pixel whose taps are no neighbours.
enum : int32_t { FILL = -1, SEAM = -2 };

// A position this far beyond the outermost centres is still on them: a turn by 90 degrees misses them
// by rounding.
constexpr double EDGE = 1e-9;

typedef int32_t Places __attribute__((vector_size(LANES<double> * 4)));
typedef Places LoosePlaces __attribute__((aligned(4), may_alias));

INLINE void store_weights(double *to, vd v) { store(to, v); }
INLINE void store_weights(float *to, vd v) {
    typedef float Half __attribute__((vector_size(LANES<double> * 4)));
    typedef Half Loose __attribute__((aligned(4), may_alias));
    *(Loose *)to = __builtin_convertvector(v, Half);
}

INLINE vd clamp(vd x, double low, double high) {
    x = x < splat(low) ? splat(low) : x;
    return x > splat(high) ? splat(high) : x;
}
INLINE vd remainder(vd x, double period) {
    return x - splat(period) * whole_below(x / splat(period));
}

// An axis of pixels with their centres at 0 .. last.
struct Axis {
    int64_t size;
    double last;

    explicit Axis(int64_t n) : size(n), last(double(n - 1)) {}

    Vector<int64_t> contains(vd x) const {
        return (x >= splat(-EDGE)) & (x <= splat(last + EDGE));
    }
    // The position in the image that looks like one outside of it; with GRID_WRAP up to size, and
    // with GRID_CONSTANT anywhere.
    vd fold(vd x, int64_t mode) const {
        switch (mode) {
            case REFLECT: {
                const double period = 2 * double(size);
                const vd phase = remainder(x + splat(0.5), period), back = splat(period) - phase;
                return clamp((phase < back ? phase : back) - splat(0.5), 0, last);
            }
            case MIRROR: {
                if (size == 1) return vd{};
                const vd phase = remainder(x, 2 * last), back = splat(2 * last) - phase;
                return clamp(phase < back ? phase : back, 0, last);
            }
            case WRAP: {
                if (size == 1) return vd{};
                const vd phase = remainder(x < vd{} ? -x : x, last);
                return clamp(x < vd{} ? splat(last) - phase : phase, 0, last);
            }
            case GRID_WRAP: {
                const vd phase = remainder(x, double(size));
                return phase >= vd{} ? (phase < splat(double(size)) ? phase : vd{}) : vd{};
            }
            case GRID_CONSTANT: return clamp(x, -2, double(size) + 1);
            default: return clamp(x, 0, last);
        }
    }
};

// What the kernels share. ints: fill mode, is it the nearest pixel that is picked, batch, height,
// width, channels, new height, new width; entries of the transforms, of the displacement (0: none)
// and of the fill values, each 1 or as many as images; bytes of a number of the displacement; then
// element types.
struct Geometry {
    int64_t mode;
    bool is_nearest;
    int64_t batch;
    Axis rows, columns;
    int64_t channels, new_height, new_width, transforms, displacements, fills, displacement_bytes;

    explicit Geometry(const int64_t *v)
        : mode(v[0]), is_nearest(v[1]), batch(v[2]), rows(v[3]), columns(v[4]), channels(v[5]),
          new_height(v[6]), new_width(v[7]), transforms(v[8]), displacements(v[9]), fills(v[10]),
          displacement_bytes(v[11]) {}

    int64_t image_elements() const { return rows.size * columns.size * channels; }
    // From a tap to the next in its row, and to the one below; an axis of one pixel has no next.
    int64_t along() const { return columns.size > 1 ? channels : 0; }
    int64_t down() const { return rows.size > 1 ? columns.size * channels : 0; }
};

// How one image is seen.
struct View {
    const Geometry &geometry;
    double a[8];
    const char *displacement;  // of this image; null: none
    bool is_projective, is_whole;

    View(const Geometry &g, int64_t image, const double *transforms, const void *displacements)
        : geometry(g), displacement(nullptr) {
        __builtin_memcpy(a, transforms + (g.transforms > 1 ? image * 8 : 0), sizeof(a));
        if (g.displacements) {
            const int64_t pixels = g.new_height * g.new_width;
            displacement = (const char *)displacements +
                           (g.displacements > 1 ? image * pixels * 2 * g.displacement_bytes : 0);
        }
        is_projective = a[6] != 0 || a[7] != 0;
        is_whole = is_line();
        for (int i = 0; i < 6; ++i)
            is_whole = is_whole && a[i] < 1e6 && a[i] > -1e6 && a[i] == double(int64_t(a[i]));
    }
    // Whether the positions of a row lie on a line, in the order of its pixels.
    bool is_line() const { return !is_projective && !displacement; }
    // Whether pixels that lie together in a row are picked from some that do.
    bool is_copy() const { return is_whole && a[0] == 1 && a[3] == 0; }
};

// Pixels of a row of the result, and where they are picked.
template <class T> struct Block {
    double y[BLOCK], x[BLOCK];  // positions; once placed, folded into the image
    int32_t place[BLOCK];       // of the upper left tap in the image, or FILL, or SEAM
    T below[BLOCK], after[BLOCK];  // the weights of the lower and the right taps
    bool is_inside;                // all of them

    void locate(const View &view, int64_t row, int64_t first, int64_t count);
    template <class D> void displace(const D *d, int64_t count);
    void place_all(const View &view, int64_t count, bool picks_nearest);
};

template <class T> template <class D> void Block<T>::displace(const D *d, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        y[i] += double(d[2 * i]);
        x[i] += double(d[2 * i + 1]);
    }
}

// The positions of `count` pixels of a row, from the one in column `first`. Whole vectors of them: the
// last lanes may be of pixels that are not there.
template <class T>
void Block<T>::locate(const View &view, int64_t row, int64_t first, int64_t count) {
    const double *a = view.a, i = double(row);
    const double across = a[1] * i + a[2], down = a[4] * i + a[5], depth = a[7] * i + 1;
    vd column;
    for (int l = 0; l < LANES<double>; ++l) column[l] = double(first + l);
    for (int64_t j = 0; j < count; j += LANES<double>) {
        vd px = splat(a[0]) * column + splat(across), py = splat(a[3]) * column + splat(down);
        if (view.is_projective) {
            const vd scale = splat(a[6]) * column + splat(depth);
            px /= scale;
            py /= scale;
        }
        store(x + j, px);
        store(y + j, py);
        column += splat(double(LANES<double>));
    }
    if (view.displacement) {
        const int64_t at = (row * view.geometry.new_width + first) * 2;
        if (view.geometry.displacement_bytes == 4)
            displace((const float *)view.displacement + at, count);
        else
            displace((const double *)view.displacement + at, count);
    }
    const Axis &rows = view.geometry.rows, &columns = view.geometry.columns;
    Vector<int64_t> inside = splat(int64_t(-1));
    // On a line, what the ends are all are.
    const int64_t last = (count - 1) / LANES<double> * LANES<double>;
    const int64_t step = view.is_line() ? greater(last, LANES<double>) : LANES<double>;
    for (int64_t j = 0; j < count; j += step) {
        const vd py = load(y + j), px = load(x + j);
        const Vector<int64_t> is_in = rows.contains(py) & columns.contains(px);
        if (j + LANES<double> <= count) inside &= is_in;
        else
            for (int l = 0; l < count - j; ++l) inside[l] &= is_in[l];
    }
    is_inside = true;
    for (int l = 0; l < LANES<double>; ++l) is_inside = is_inside && inside[l];
}

// Places and weights from positions.
template <class T>
void Block<T>::place_all(const View &view, int64_t count, bool picks_nearest) {
    const Geometry &g = view.geometry;
    const Axis &rows = g.rows, &columns = g.columns;
    const bool is_grid = g.mode == GRID_CONSTANT || g.mode == GRID_WRAP;
    // Taps at most here, so that the next ones are in the image too.
    const double last_row = rows.last - (picks_nearest || rows.size == 1 ? 0 : 1);
    const double last_column = columns.last - (picks_nearest || columns.size == 1 ? 0 : 1);
    const Places width = Places{} + int32_t(columns.size), channels = Places{} + int32_t(g.channels);
    for (int64_t j = 0; j < count; j += LANES<double>) {
        vd py = load(y + j), px = load(x + j);
        Vector<int64_t> is_fill = {}, is_seam = {};
        if (!is_inside) {
            const Vector<int64_t> in_rows = rows.contains(py), in_columns = columns.contains(px);
            const Vector<int64_t> is_place = ((py - py) == vd{}) & ((px - px) == vd{});
            is_fill = ~is_place;
            if (g.mode == CONSTANT) is_fill |= ~(in_rows & in_columns);
            py = is_place ? (in_rows ? clamp(py, 0, rows.last) : rows.fold(py, g.mode)) : vd{};
            px = is_place ? (in_columns ? clamp(px, 0, columns.last) : columns.fold(px, g.mode))
                          : vd{};
        }
        vd row, column;
        if (picks_nearest) {
            row = whole_below(py + splat(0.5));
            column = whole_below(px + splat(0.5));
            if (g.mode == GRID_WRAP) {
                row = row > splat(rows.last) ? vd{} : row;
                column = column > splat(columns.last) ? vd{} : column;
            } else if (g.mode == GRID_CONSTANT) {
                is_fill |= (row < vd{}) | (row > splat(rows.last)) | (column < vd{}) |
                           (column > splat(columns.last));
            }
        } else {
            if (is_grid && !is_inside) {
                is_seam = ~(rows.contains(py) & columns.contains(px));
                if (g.mode == GRID_CONSTANT)
                    is_fill |= (py <= splat(-1.0)) | (py >= splat(double(rows.size))) |
                               (px <= splat(-1.0)) | (px >= splat(double(columns.size)));
                store(y + j, py);
                store(x + j, px);
            }
            py = clamp(py, 0, rows.last);
            px = clamp(px, 0, columns.last);
            row = whole_below(py);
            column = whole_below(px);
        }
        row = clamp(row, 0, last_row);
        column = clamp(column, 0, last_column);
        if (!picks_nearest) {
            store_weights(below + j, py - row);
            store_weights(after + j, px - column);
        }
        Places at = (__builtin_convertvector(row, Places) * width +
                     __builtin_convertvector(column, Places)) * channels;
        if (!is_inside) {
            const Places fill = __builtin_convertvector(is_fill, Places);
            const Places seam = __builtin_convertvector(is_seam, Places);
            at = fill ? Places{} + int32_t(FILL) : (seam ? Places{} + int32_t(SEAM) : at);
        }
        *(LoosePlaces *)(place + j) = at;
    }
}

// Colours ------------------------------------------------------------------------------------------

template <class T> struct Lanes {
    typedef T four __attribute__((vector_size(4 * sizeof(T))));
    typedef T eight __attribute__((vector_size(8 * sizeof(T))));
    typedef T loose_four __attribute__((vector_size(4 * sizeof(T)), aligned(sizeof(T)), may_alias));
    typedef T loose_eight __attribute__((vector_size(8 * sizeof(T)), aligned(sizeof(T)), may_alias));
};
template <class T> struct IntegerOf {
    typedef int32_t type;
};
template <> struct IntegerOf<double> {
    typedef int64_t type;
};
template <class T> using Four = typename Lanes<T>::four;
template <class T> using Eight = typename Lanes<T>::eight;

template <class T, class In> INLINE Four<T> load_four(const In *p) {
    if constexpr (sizeof(In) == 1) return four_bytes(p);
    else return *(const typename Lanes<T>::loose_four *)p;
}
template <class T, class In> INLINE Eight<T> load_eight(const In *p) {
    if constexpr (sizeof(In) == 1) return eight_bytes(p);
    else return *(const typename Lanes<T>::loose_eight *)p;
}

template <class T> INLINE Four<T> first_four(Eight<T> v) {
    Four<T> half;
    __builtin_memcpy(&half, &v, sizeof(half));
    return half;
}
template <class T, int C> INLINE Eight<T> moved_down(Eight<T> v) {
    typedef typename Lanes<typename IntegerOf<T>::type>::eight Index;
    return __builtin_shuffle(v, Index{C, C + 1, C + 2, C + 3, 4, 5, 6, 7});
}

// A colour as it is stored: bytes are the nearest, halves to even, within 0 .. 255.
template <class Out, class T> INLINE Out stored(T x) {
    if constexpr (sizeof(Out) == sizeof(T)) return Out(x);
    else {
        x = x > T(0) ? x : T(0);
        x = x < T(255) ? x : T(255);
        return Out(int32_t(x + T(8388608)) - 8388608);  // beyond 2^23 a float has no fraction
    }
}
template <class Out, class T> INLINE void store_four(Out *p, Four<T> v) {
    if constexpr (sizeof(Out) == 1) store_bytes(p, v);
    else *(typename Lanes<Out>::loose_four *)p = v;
}

// w x, and 0 where w is 0, whatever x. Bytes are finite anyway.
template <class T, class In, class V> INLINE V share(V w, V x) {
    const V product = w * x;
    if constexpr (sizeof(In) == 1) return product;
    return w == V{} ? V{} : product;
}

// Two pixels above and the two below, eight numbers of a row being two pixels of C channels or more.
template <class T, int C, class In>
INLINE Four<T> blend(const In *above, const In *under, T below, T after) {
    const Eight<T> lower = below - Eight<T>{}, upper = (T(1) - below) - Eight<T>{};
    const Eight<T> v = share<T, In>(upper, load_eight<T>(above)) +
                       share<T, In>(lower, load_eight<T>(under));
    return share<T, In>((T(1) - after) - Four<T>{}, first_four<T>(v)) +
           share<T, In>(after - Four<T>{}, first_four<T>(moved_down<T, C>(v)));
}

// The four taps of a pixel, each `channels` numbers.
template <class P> struct Taps {
    P above_left, above_right, under_left, under_right;
};

// Makes the pixels of one image.
template <class In, class Out, class T> struct Painter {
    const View &view;
    const In *image;
    int64_t readable;  // elements from `image` on to the end of all images
    T fill;

    // Taps of a pixel that is a SEAM: as pixels of T, in `colors`, some of them the fill value.
    void gather_seam(const Block<T> &b, int64_t j, T *colors) const {
        const Geometry &g = view.geometry;
        const double y = b.y[j], x = b.x[j];
        const int64_t row = int64_t(y + 2) - 2, column = int64_t(x + 2) - 2;  // rounded down
        for (int tap = 0; tap < 4; ++tap) {
            int64_t r = row + tap / 2, c = column + tap % 2;
            if (g.mode == GRID_WRAP) {
                r = r < g.rows.size ? r : 0;
                c = c < g.columns.size ? c : 0;
            }
            const bool is_pixel = r >= 0 && r < g.rows.size && c >= 0 && c < g.columns.size;
            const In *from = image + (r * g.columns.size + c) * g.channels;
            for (int64_t k = 0; k < g.channels; ++k)
                colors[tap * g.channels + k] = is_pixel ? T(from[k]) : fill;
        }
    }
    static void seam_weights(const Block<T> &b, int64_t j, T &below, T &after) {
        below = T(b.y[j] - double(int64_t(b.y[j] + 2) - 2));
        after = T(b.x[j] - double(int64_t(b.x[j] + 2) - 2));
    }

    // Pixels of up to four channels.
    template <int C> Four<T> pixel_apart(const Block<T> &b, int64_t j) const {
        const int32_t at = b.place[j];
        if (at == FILL) return fill - Four<T>{};
        if (at == SEAM) {
            T colors[16] = {}, below, after;
            gather_seam(b, j, colors);
            seam_weights(b, j, below, after);
            T rows[2][8] = {};
            __builtin_memcpy(rows[0], colors, 2 * C * sizeof(T));
            __builtin_memcpy(rows[1], colors + 2 * C, 2 * C * sizeof(T));
            return blend<T, C>(rows[0], rows[1], below, after);
        }
        In rows[2][8] = {};  // near the end of all images, where eight numbers are too many
        for (int r = 0; r < 2; ++r) {
            const In *from = image + at + r * view.geometry.down();
            __builtin_memcpy(rows[r], from, C * sizeof(In));
            __builtin_memcpy(rows[r] + C, from + view.geometry.along(), C * sizeof(In));
        }
        return blend<T, C>(rows[0], rows[1], b.below[j], b.after[j]);
    }
    template <int C> Four<T> pick_apart(const Block<T> &b, int64_t j) const {
        if (b.place[j] == FILL) return fill - Four<T>{};
        In color[4] = {};
        __builtin_memcpy(color, image + b.place[j], C * sizeof(In));
        return load_four<T>(color);
    }

    // `end`: of the places from which eight numbers may be read, in both rows; or four.
    template <int C, bool PICKS>
    inline __attribute__((always_inline)) Four<T> pixel(const Block<T> &b, int64_t j,
                                                        uint32_t end, int64_t down) const {
        const uint32_t at = uint32_t(b.place[j]);  // FILL and SEAM are beyond any end
        if (at >= end) return PICKS ? pick_apart<C>(b, j) : pixel_apart<C>(b, j);
        const In *from = image + at;
        if constexpr (PICKS) return load_four<T>(from);
        else return blend<T, C>(from, from + down, b.below[j], b.after[j]);
    }
    template <int C, bool PICKS> void paint(const Block<T> &b, int64_t count, Out *to) const {
        const int64_t down = view.geometry.down(), most = readable - (PICKS ? 4 : down + 8);
        // An image of one column has no pixel to the right: none of its rows is read in one go.
        const bool is_wide = most >= 0 && (PICKS || view.geometry.columns.size > 1);
        const uint32_t end = is_wide ? uint32_t(smaller(most, INT32_MAX - 1)) + 1 : 0;
        int64_t j = 0;
        for (; (count - j) * C >= 4; ++j)
            store_four<Out, T>(to + j * C, pixel<C, PICKS>(b, j, end, down));
        for (; j < count; ++j) {
            Out last[4];
            store_four<Out, T>(last, pixel<C, PICKS>(b, j, end, down));
            __builtin_memcpy(to + j * C, last, C * sizeof(Out));
        }
    }

    // Pixels of any number of channels.
    template <bool PICKS> void paint_any(const Block<T> &b, int64_t count, Out *to, T *colors) const {
        const Geometry &g = view.geometry;
        const int64_t n = g.channels;
        for (int64_t j = 0; j < count; ++j, to += n) {
            const int32_t at = b.place[j];
            if (at == FILL) {
                for (int64_t k = 0; k < n; ++k) to[k] = stored<Out>(fill);
            } else if (PICKS) {
                for (int64_t k = 0; k < n; ++k) to[k] = stored<Out>(T(image[at + k]));
            } else if (at == SEAM) {
                T below, after;
                gather_seam(b, j, colors);
                seam_weights(b, j, below, after);
                mix(Taps<const T *>{colors, colors + n, colors + 2 * n, colors + 3 * n}, below,
                    after, to);
            } else {
                const In *p = image + at, *q = p + g.down();
                mix(Taps<const In *>{p, p + g.along(), q, q + g.along()}, b.below[j], b.after[j],
                    to);
            }
        }
    }
    template <class P> void mix(Taps<const P *> taps, T below, T after, Out *__restrict to) const {
        const T above = T(1) - below, before = T(1) - after;
        const int64_t n = view.geometry.channels;
        for (int64_t k = 0; k < n; ++k) {
            const T left = share<T, P>(above, T(taps.above_left[k])) +
                           share<T, P>(below, T(taps.under_left[k]));
            const T right = share<T, P>(above, T(taps.above_right[k])) +
                            share<T, P>(below, T(taps.under_right[k]));
            to[k] = stored<Out>(share<T, P>(before, left) + share<T, P>(after, right));
        }
    }

    // Pixels that lie together.
    void copy(const Block<T> &b, int64_t count, Out *to) const {
        const In *from = image + b.place[0];
        const int64_t elements = count * view.geometry.channels;
        for (int64_t k = 0; k < elements; ++k) to[k] = stored<Out>(T(from[k]));
    }
    void paint_block(const Block<T> &b, int64_t count, bool picks, Out *to, T *colors) const {
#define CHANNELS(C) \
    case C: return picks ? paint<C, true>(b, count, to) : paint<C, false>(b, count, to);
        switch (view.geometry.channels) {
            CHANNELS(1)
            CHANNELS(2)
            CHANNELS(3)
            CHANNELS(4)
            default:
                return picks ? paint_any<true>(b, count, to, colors)
                             : paint_any<false>(b, count, to, colors);
        }
#undef CHANNELS
    }
};

template <class In, class Out, class T> void warp_of(Call *call) {
    const Geometry g(call->ints);
    const In *images = (const In *)call->buffers[0];
    const double *transforms = (const double *)call->buffers[1];
    const T *fills = (const T *)call->buffers[2];
    const void *displacement = g.displacements ? call->buffers[3] : nullptr;
    Out *result = (Out *)call->buffers[g.displacements ? 4 : 3];
    const int64_t rows = g.batch * g.new_height, elements = g.image_elements();
    const int64_t grain = greater(1, TASK_PIXELS / greater(1, g.new_width));
    parallel(call, divide_up(rows, grain), size_t(4 * g.channels) * sizeof(T),
             [&](int64_t task, char *scratch) {
        Block<T> block;
        for (int64_t r = task * grain; r < smaller(rows, (task + 1) * grain); ++r) {
            const int64_t n = r / g.new_height, row = r % g.new_height;
            const View view(g, n, transforms, displacement);
            const Painter<In, Out, T> painter{view, images + n * elements,
                                              (g.batch - n) * elements,
                                              fills[g.fills > 1 ? n : 0]};
            const bool picks = g.is_nearest || view.is_whole;
            for (int64_t first = 0; first < g.new_width; first += BLOCK) {
                const int64_t count = smaller(BLOCK, g.new_width - first);
                block.locate(view, row, first, count);
                const bool is_copy = picks && block.is_inside && view.is_copy();
                block.place_all(view, is_copy ? 1 : count, picks);
                Out *to = result + (r * g.new_width + first) * g.channels;
                if (is_copy) painter.copy(block, count, to);
                else painter.paint_block(block, count, picks, to, (T *)scratch);
            }
        }
    });
}

// ints: as above, then the types of images and result.   buffers: images (batch, height, width,
// channels), transforms (., 8) double, fill values (.), displacement (., new height, new width, 2) if
// there is one, result (batch, new height, new width, channels).
void warp(Call *call) {
    const int64_t from = call->ints[12], to = call->ints[13];
    if (from == TYPE_float64) return warp_of<double, double, double>(call);
    if (from == TYPE_float32) return warp_of<float, float, float>(call);
    if (to == TYPE_float32) return warp_of<uint8_t, float, float>(call);
    warp_of<uint8_t, uint8_t, float>(call);
}

// The gradient ------------------------------------------------------------------------------------

template <class T> struct Scatter {
    const View &view;
    T *image;

    void add(int64_t at, T weight, const T *g) const {
        if (weight == T(0)) return;
        for (int64_t k = 0; k < view.geometry.channels; ++k) image[at + k] += weight * g[k];
    }
    // A pixel whose taps are no neighbours; those that are none get nothing.
    void add_seam(const Block<T> &b, int64_t j, const T *g) const {
        const Geometry &geometry = view.geometry;
        const int64_t row = int64_t(b.y[j] + 2) - 2, column = int64_t(b.x[j] + 2) - 2;
        const T below = T(b.y[j] - double(row)), after = T(b.x[j] - double(column));
        for (int tap = 0; tap < 4; ++tap) {
            int64_t r = row + tap / 2, c = column + tap % 2;
            if (geometry.mode == GRID_WRAP) {
                r = r < geometry.rows.size ? r : 0;
                c = c < geometry.columns.size ? c : 0;
            }
            if (r < 0 || r >= geometry.rows.size || c < 0 || c >= geometry.columns.size) continue;
            const T weight = (tap / 2 ? below : T(1) - below) * (tap % 2 ? after : T(1) - after);
            add((r * geometry.columns.size + c) * geometry.channels, weight, g);
        }
    }
    void add_block(const Block<T> &b, int64_t count, bool picks, const T *g) const {
        const int64_t along = view.geometry.along(), down = view.geometry.down();
        for (int64_t j = 0; j < count; ++j, g += view.geometry.channels) {
            const int32_t at = b.place[j];
            if (at == FILL) continue;
            if (at == SEAM) {
                add_seam(b, j, g);
                continue;
            }
            if (picks) {
                add(at, T(1), g);
                continue;
            }
            const T below = b.below[j], after = b.after[j];
            add(at, (T(1) - below) * (T(1) - after), g);
            add(at + along, (T(1) - below) * after, g);
            add(at + down, below * (T(1) - after), g);
            add(at + down + along, below * after, g);
        }
    }
};

// ints: as above, then the type.   buffers: g (batch, new height, new width, channels), transforms,
// displacement if there is one, gradient of the images. Images in parallel, each in the order of its
// pixels.
void warp_gradient(Call *call) {
    const Geometry g(call->ints);
    by_float(call->ints[12], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *gradient = (const T *)call->buffers[0];
        const double *transforms = (const double *)call->buffers[1];
        const void *displacement = g.displacements ? call->buffers[2] : nullptr;
        T *result = (T *)call->buffers[g.displacements ? 3 : 2];
        parallel(call, g.batch, 0, [&](int64_t n, char *) {
            const View view(g, n, transforms, displacement);
            const Scatter<T> scatter{view, result + n * g.image_elements()};
            const bool picks = g.is_nearest || view.is_whole;
            const T *from = gradient + n * g.new_height * g.new_width * g.channels;
            __builtin_memset(scatter.image, 0, size_t(g.image_elements()) * sizeof(T));
            Block<T> block;
            for (int64_t row = 0; row < g.new_height; ++row)
                for (int64_t first = 0; first < g.new_width; first += BLOCK) {
                    const int64_t count = smaller(BLOCK, g.new_width - first);
                    block.locate(view, row, first, count);
                    block.place_all(view, count, picks);
                    scatter.add_block(block, count, picks,
                                      from + (row * g.new_width + first) * g.channels);
                }
        });
    });
}

}  // namespace

KERNEL_TABLE(warp, {"warp", warp, nullptr}, {"warp_gradient", warp_gradient, nullptr})
