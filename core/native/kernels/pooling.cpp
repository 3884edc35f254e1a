// Pooling over one to three axes, float32 and float64; vectors run over channels.
//
// Windows are cut where they leave the image, so padding never counts. Gradients are written image by
// image, windows in order: where windows do not overlap every cell is written once.
#include "../parallel.h"

namespace {

constexpr int64_t TASK_ELEMENTS = 1 << 14;

// ints: element bytes, batch, channels; then by axis: sizes, positions, window, stride, dilation, cells
// of padding before.
struct Windows {
    int64_t element_bytes, batch, channels;
    const int64_t *in, *out, *window, *stride, *dilation, *before;

    explicit Windows(const int64_t *v)
        : element_bytes(v[0]), batch(v[1]), channels(v[2]), in(v + 3), out(v + 6), window(v + 9),
          stride(v + 12), dilation(v + 15), before(v + 18) {}

    int64_t positions() const { return out[0] * out[1] * out[2]; }
    int64_t cells() const { return in[0] * in[1] * in[2]; }
    bool overlap() const {
        for (int a = 0; a < 3; ++a)
            if (stride[a] < (window[a] - 1) * dilation[a] + 1) return true;
        return false;
    }
    // Whether windows and their cells cover the image exactly.
    bool tile() const {
        for (int a = 0; a < 3; ++a)
            if (before[a] || dilation[a] != 1 || stride[a] != window[a] || out[a] * stride[a] != in[a])
                return false;
        return true;
    }
};

// The taps of one axis of one window that lie in the image: cells at first, first + step …
struct Span {
    int64_t first, step, count;

    Span(const Windows &w, int axis, int64_t position) : step(w.dilation[axis]) {
        int64_t cell = position * w.stride[axis] - w.before[axis], taps = w.window[axis];
        const int64_t outside = cell < 0 ? divide_up(-cell, step) : 0;
        cell += outside * step;
        taps -= outside;
        const int64_t room = w.in[axis] - cell;
        first = cell;
        count = greater(0, smaller(taps, room > 0 ? divide_up(room, step) : 0));
    }
};

// body(cell) for each real cell of the window at (d, h, w), in row-major order; cell counts pixels.
struct Box {
    Span planes, rows, columns;
    const Windows &w;
    Box(const Windows &w, int64_t d, int64_t h, int64_t x)
        : planes(w, 0, d), rows(w, 1, h), columns(w, 2, x), w(w) {}
    int64_t count() const { return planes.count * rows.count * columns.count; }
    template <class Body> void each(const Body &body) const {
        for (int64_t p = 0; p < planes.count; ++p)
            for (int64_t r = 0; r < rows.count; ++r) {
                const int64_t row = (planes.first + p * planes.step) * w.in[1] + rows.first + r * rows.step;
                for (int64_t c = 0; c < columns.count; ++c)
                    body(row * w.in[2] + columns.first + c * columns.step);
            }
    }
};

// A window that lies in the image with all its TAPS cells, which are at fixed distances from its first.
template <int TAPS> struct Whole {
    const int64_t *distances;
    int64_t first;
    int64_t count() const { return TAPS; }
    template <class Body> void each(const Body &body) const {
        UNROLL for (int t = 0; t < TAPS; ++t) body(first + distances[t]);
    }
};

template <int TAPS, class Body>
void each_window_of(const Windows &w, int64_t begin, int64_t end, const Body &body) {
    int64_t distances[TAPS], taps = 0;
    for (int64_t p = 0; p < w.window[0]; ++p)
        for (int64_t r = 0; r < w.window[1]; ++r)
            for (int64_t c = 0; c < w.window[2]; ++c)
                distances[taps++] =
                    (p * w.dilation[0] * w.in[1] + r * w.dilation[1]) * w.in[2] + c * w.dilation[2];
    const int64_t last = (w.window[2] - 1) * w.dilation[2];
    for (int64_t i = begin; i < end;) {
        const int64_t row = i / w.out[2], d = row / w.out[1], h = row % w.out[1];
        const int64_t row_end = smaller(end, (row + 1) * w.out[2]);
        const Span planes(w, 0, d), rows(w, 1, h);
        const bool is_high = planes.count == w.window[0] && rows.count == w.window[1];
        const int64_t first = (planes.first * w.in[1] + rows.first) * w.in[2];
        int64_t column = i % w.out[2] * w.stride[2] - w.before[2];
        for (; i < row_end; ++i, column += w.stride[2]) {
            if (is_high && column >= 0 && column + last < w.in[2])
                body(i, Whole<TAPS>{distances, first + column});
            else
                body(i, Box(w, d, h, i % w.out[2]));
        }
    }
}

// body(window number within the image, box) for windows begin .. end-1 of an image. Small windows, of
// which there are many, have a loop of their own: finding out where they are would take longer than
// what is done there.
template <class Body>
void each_window(const Windows &w, int64_t begin, int64_t end, const Body &body) {
    switch (w.window[0] * w.window[1] * w.window[2]) {
        case 2: return each_window_of<2>(w, begin, end, body);
        case 4: return each_window_of<4>(w, begin, end, body);
        case 9: return each_window_of<9>(w, begin, end, body);
    }
    for (int64_t i = begin; i < end; ++i)
        body(i, Box(w, i / (w.out[1] * w.out[2]), i / w.out[2] % w.out[1], i % w.out[2]));
}

template <class T, bool MAXIMUM> void pool(Call *call, const Windows &w) {
    const T *x = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[1];
    const int64_t positions = w.positions(), channels = w.channels;
    const int64_t per_task = greater(1, TASK_ELEMENTS / greater(1, channels));
    const int64_t tasks = divide_up(positions, per_task);
    parallel(call, w.batch * tasks, 0, [&](int64_t task, char *) {
        const int64_t n = task / tasks, begin = task % tasks * per_task;
        const T *image = x + n * w.cells() * channels;
        T *result = y + n * positions * channels;
        each_window(w, begin, smaller(positions, begin + per_task), [&](int64_t i, const auto &box) {
            for (int64_t c = 0; c < channels; c += LANES<T>) {
                const int64_t lanes = channels - c;
                Vector<T> v = splat(MAXIMUM ? T(-__builtin_inf()) : T(0));
                box.each([&](int64_t cell) {
                    const Vector<T> other = load_first(image + cell * channels + c, lanes);
                    if (MAXIMUM) v = larger<T>(other, v);
                    else v += other;
                });
                if (!MAXIMUM) v /= splat(T(box.count()));
                store_first(result + i * channels + c, v, lanes);
            }
        });
    });
}

template <class T> void clear(T *to, int64_t n) {
    for (int64_t i = 0; i < n; i += LANES<T>) store_first(to + i, Vector<T>{}, n - i);
}

template <class T> INLINE void give(T *to, Vector<T> v, int64_t lanes, bool adds) {
    store_first(to, adds ? load_first(to, lanes) + v : v, lanes);
}

// write(image number, begin, end) for spans of windows; images whole where windows overlap.
template <class T, class Write>
void gradient_tasks(Call *call, const Windows &w, T *result, const Write &write) {
    const int64_t positions = w.positions(), cells = w.cells() * w.channels;
    const int64_t rows = w.out[0] * w.out[1];
    const bool whole = w.overlap() || !w.tile();
    const int64_t row_work = greater(1, cells / greater(1, rows));
    const int64_t per_task = whole ? greater(1, rows) : greater(1, TASK_ELEMENTS / row_work);
    const int64_t tasks = divide_up(greater(1, rows), per_task);
    parallel(call, w.batch * tasks, 0, [&](int64_t task, char *) {
        const int64_t n = task / tasks, begin = task % tasks * per_task * w.out[2];
        if (whole) clear(result + n * cells, cells);
        write(n, begin, smaller(positions, begin + per_task * w.out[2]));
    });
}

// buffers: x, y, g, gradient of x. Each window's g goes to its first maximum; none where that is NaN.
template <class T> void max_gradient(Call *call, const Windows &w) {
    const T *x = (const T *)call->buffers[0], *y = (const T *)call->buffers[1];
    const T *g = (const T *)call->buffers[2];
    T *result = (T *)call->buffers[3];
    const int64_t channels = w.channels, cells = w.cells() * channels;
    const bool adds = w.overlap();
    gradient_tasks<T>(call, w, result, [&](int64_t n, int64_t begin, int64_t end) {
        each_window(w, begin, end, [&](int64_t i, const auto &box) {
            const int64_t at = (n * w.positions() + i) * channels;
            for (int64_t c = 0; c < channels; c += LANES<T>) {
                const int64_t lanes = channels - c;
                const Vector<T> most = load_first(y + at + c, lanes);
                Vector<T> left = load_first(g + at + c, lanes);
                auto open = most == most;
                box.each([&](int64_t cell) {
                    const int64_t place = n * cells + cell * channels + c;
                    const auto is_first = open & (load_first(x + place, lanes) == most);
                    give(result + place, is_first ? left : Vector<T>{}, lanes, adds);
                    open &= ~is_first;
                });
            }
        });
    });
}

// body(first element of a window's result, its image's number, box) for all windows, a span a task.
template <class Body> void for_windows(Call *call, const Windows &w, const Body &body) {
    const int64_t positions = w.positions();
    const int64_t taps = w.window[0] * w.window[1] * w.window[2];
    const int64_t grain = greater(1, TASK_ELEMENTS / (w.channels * taps));
    parallel_spans(call, w.batch * positions, grain, [&](int64_t begin, int64_t end) {
        while (begin < end) {
            const int64_t image = begin / positions, start = image * positions;
            const int64_t stop = smaller(end, start + positions);
            each_window(w, begin - start, stop - start, [&](int64_t i, const auto &box) {
                body((start + i) * w.channels, image, box);
            });
            begin = stop;
        }
    });
}

// buffers: x, y, v like x, of v what lies at each window's first maximum; 0 where that is NaN.
template <class T> void max_gradient_gradient(Call *call, const Windows &w) {
    const T *x = (const T *)call->buffers[0], *y = (const T *)call->buffers[1];
    const T *v = (const T *)call->buffers[2];
    T *result = (T *)call->buffers[3];
    for_windows(call, w, [&](int64_t at, int64_t image, const auto &box) {
        for (int64_t c = 0; c < w.channels; c += LANES<T>) {
            const int64_t lanes = w.channels - c;
            const Vector<T> most = load_first(y + at + c, lanes);
            Vector<T> found = {};
            auto open = most == most;
            box.each([&](int64_t cell) {
                const int64_t place = (image * w.cells() + cell) * w.channels + c;
                const auto is_first = open & (load_first(x + place, lanes) == most);
                found = is_first ? load_first(v + place, lanes) : found;
                open &= ~is_first;
            });
            store_first(result + at + c, found, lanes);
        }
    });
}

// ints: as Windows, then: do places count from the start of the batch, or of their image.
// buffers: x, y, int64: the place of each window's first maximum; NaN is the largest.
template <class T> void max_places(Call *call, const Windows &w) {
    const T *x = (const T *)call->buffers[0], *y = (const T *)call->buffers[1];
    int64_t *result = (int64_t *)call->buffers[2];
    const bool is_in_batch = call->ints[21];
    for_windows(call, w, [&](int64_t at, int64_t image, const auto &box) {
        const int64_t start = image * w.cells() * w.channels;
        for (int64_t c = 0; c < w.channels; ++c) result[at + c] = -1;
        box.each([&](int64_t cell) {
            for (int64_t c = 0; c < w.channels; ++c) {
                const int64_t place = cell * w.channels + c;
                const T value = x[start + place], most = y[at + c];
                const bool is_same = value == most || (value != value && most != most);
                if (is_same && result[at + c] < 0)
                    result[at + c] = place + (is_in_batch ? start : 0);
            }
        });
    });
}

// buffers: g, gradient of x. Each real cell of a window gets an equal share.
template <class T> void mean_gradient(Call *call, const Windows &w) {
    const T *g = (const T *)call->buffers[0];
    T *result = (T *)call->buffers[1];
    const int64_t channels = w.channels, cells = w.cells() * channels;
    const bool adds = w.overlap();
    gradient_tasks<T>(call, w, result, [&](int64_t n, int64_t begin, int64_t end) {
        each_window(w, begin, end, [&](int64_t i, const auto &box) {
            const int64_t at = (n * w.positions() + i) * channels;
            for (int64_t c = 0; c < channels; c += LANES<T>) {
                const int64_t lanes = channels - c;
                const Vector<T> share = load_first(g + at + c, lanes) / splat(T(box.count()));
                box.each([&](int64_t cell) {
                    give(result + n * cells + cell * channels + c, share, lanes, adds);
                });
            }
        });
    });
}

#define POOLING(name, run)                                                                   \
    void name(Call *call) {                                                                  \
        const Windows w(call->ints);                                                         \
        if (w.channels == 0) return;                                                         \
        if (w.element_bytes == 4) run(float);                                                \
        else run(double);                                                                    \
    }
#define MAX_POOL(T) pool<T, true>(call, w)
#define MEAN_POOL(T) pool<T, false>(call, w)
#define MAX_GRADIENT(T) max_gradient<T>(call, w)
#define MEAN_GRADIENT(T) mean_gradient<T>(call, w)
#define MAX_GRADIENT_GRADIENT(T) max_gradient_gradient<T>(call, w)
#define MAX_PLACES(T) max_places<T>(call, w)
POOLING(max_pool, MAX_POOL)
POOLING(mean_pool, MEAN_POOL)
POOLING(max_pool_gradient, MAX_GRADIENT)
POOLING(mean_pool_gradient, MEAN_GRADIENT)
POOLING(max_pool_gradient_gradient, MAX_GRADIENT_GRADIENT)
POOLING(max_pool_places, MAX_PLACES)

}  // namespace

KERNEL_TABLE(pooling, {"max_pool", max_pool, nullptr}, {"mean_pool", mean_pool, nullptr},
             {"max_pool_gradient", max_pool_gradient, nullptr},
             {"mean_pool_gradient", mean_pool_gradient, nullptr},
             {"max_pool_gradient_gradient", max_pool_gradient_gradient, nullptr},
             {"max_pool_places", max_pool_places, nullptr})
