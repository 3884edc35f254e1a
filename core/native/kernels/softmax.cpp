// Softmax over the last axis of (rows, classes), and the losses that go with it.
//
// One row at a time: its largest entry, then exp of what is left, which cannot overflow, and their
// sum. Rows are short, so all passes over one run in the first-level cache.
#include "../math.h"
#include "../parallel.h"

namespace {

constexpr int64_t TASK_ELEMENTS = 1 << 13;
constexpr int64_t BLOCK = 64;  // vectors summed in turn; blocks join in pairs

INLINE vf exp_of(vf x) { return v_exp(x); }
INLINE vd exp_of(vd x) {
    for (int i = 0; i < LANES<double>; ++i) x[i] = __builtin_exp(x[i]);
    return x;
}
INLINE float log_of(float x) { return __builtin_logf(x); }
INLINE double log_of(double x) { return __builtin_log(x); }

template <class T> T largest(const T *x, int64_t n) {
    constexpr int L = LANES<T>;
    if (n < L) {
        T best = x[0];
        for (int64_t i = 1; i < n; ++i) best = x[i] > best || x[i] != x[i] ? x[i] : best;
        return best;
    }
    Vector<T> most = load(x);
    int64_t i = L;
    for (; i + L <= n; i += L) most = larger<T>(load(x + i), most);
    most = larger<T>(load(x + n - L), most);  // the last full vector, some of it twice
    T best = most[0];
    for (int k = 1; k < L; ++k) best = most[k] > best || most[k] != most[k] ? most[k] : best;
    return best;
}

// The sum of f(i) for i = begin, begin + L … below end, in turn up to a block and by halves beyond.
template <class T, class F> Vector<T> sum_part(int64_t begin, int64_t end, const F &f) {
    constexpr int64_t block = BLOCK * LANES<T>;
    if (end - begin > block) {
        const int64_t middle = begin + round_up((end - begin) / 2, block);
        return sum_part<T>(begin, middle, f) + sum_part<T>(middle, end, f);
    }
    Vector<T> sum{};
    for (int64_t i = begin; i < end; i += LANES<T>) sum += f(i);
    return sum;
}

// The sum over a row of f(i), vectors of at most n - i lanes that are 0 beyond.
template <class T, class F> INLINE T sum_vectors(int64_t n, const F &f) {
    return sum_lanes<T>(sum_part<T>(0, n, f));
}

// y = exp(x - max); returns the sum. y may be x.
template <class T> T exponentials(const T *x, T max, T *y, int64_t n) {
    constexpr int L = LANES<T>;
    return sum_vectors<T>(n, [&](int64_t i) {
        Vector<T> e = exp_of(load_first(x + i, n - i) - splat(max));
        store_first(y + i, e, n - i);
        if (n - i < L)
            for (int64_t k = n - i; k < L; ++k) e[k] = 0;
        return e;
    });
}

template <class T> void softmax_row(const T *x, T *y, int64_t n) {
    const T sum = exponentials(x, largest(x, n), y, n);
    for (int64_t i = 0; i < n; ++i) y[i] /= sum;
}

// log of the sum of exp(x - max); scratch takes the exponentials.
template <class T> T log_sum(const T *x, T max, T *scratch, int64_t n) {
    return log_of(exponentials(x, max, scratch, n));
}

template <class T> void log_softmax_row(const T *x, T *y, int64_t n, T *scratch) {
    const T max = largest(x, n), log = log_sum(x, max, scratch, n);
    for (int64_t i = 0; i < n; ++i) y[i] = x[i] - max - log;
}

template <class T, class Row>
void each_row(Call *call, int64_t rows, int64_t classes, const Row &row) {
    const int64_t grain = greater(1, TASK_ELEMENTS / greater(1, classes));
    parallel(call, divide_up(rows, grain), size_t(classes + LANES<T>) * sizeof(T),
             [&](int64_t task, char *scratch) {
                 for (int64_t r = task * grain; r < smaller(rows, (task + 1) * grain); ++r)
                     row(r, (T *)scratch);
             });
}

enum Form : int64_t { PLAIN = 0, LOGARITHM = 1 };
#define BY_TYPE(function)                                                                    \
    if (call->ints[1] * call->ints[2] == 0) return;                                          \
    if (call->ints[0] == 4) function<float>(call);                                           \
    else function<double>(call);

// ints: element bytes (4 or 8: float32 or float64), rows, classes, form.  buffers: x, y.
template <class T> void softmax_of(Call *call) {
    const int64_t n = call->ints[2], form = call->ints[3];
    const T *x = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[1];
    each_row<T>(call, call->ints[1], n, [&](int64_t r, T *scratch) {
        if (form == PLAIN) softmax_row(x + r * n, y + r * n, n);
        else log_softmax_row(x + r * n, y + r * n, n, scratch);
    });
}
void softmax(Call *call) { BY_TYPE(softmax_of) }

// ints: as softmax.  buffers: softmax s, g, gradient of x: s (g - sum(g s)), or g - s sum(g).
template <class T> void gradient_of(Call *call) {
    const int64_t n = call->ints[2], form = call->ints[3];
    const T *s = (const T *)call->buffers[0], *g = (const T *)call->buffers[1];
    T *y = (T *)call->buffers[2];
    each_row<T>(call, call->ints[1], n, [&](int64_t r, T *) {
        const T *sr = s + r * n, *gr = g + r * n;
        const T sum = sum_vectors<T>(n, [&](int64_t i) {
            const Vector<T> v = load_first(gr + i, n - i);
            return form == PLAIN ? load_first(sr + i, n - i) * v : v;
        });
        for (int64_t i = 0; i < n; ++i)
            y[r * n + i] = form == PLAIN ? sr[i] * (gr[i] - sum) : gr[i] - sr[i] * sum;
    });
}
void softmax_gradient(Call *call) { BY_TYPE(gradient_of) }

// ints: as softmax.  buffers: labels (rows, classes), logits, losses (rows), softmax.
template <class T> void cross_entropy_of(Call *call) {
    const int64_t n = call->ints[2];
    const T *labels = (const T *)call->buffers[0], *logits = (const T *)call->buffers[1];
    T *losses = (T *)call->buffers[2], *s = (T *)call->buffers[3];
    each_row<T>(call, call->ints[1], n, [&](int64_t r, T *scratch) {
        const T *label = labels + r * n;
        log_softmax_row(logits + r * n, s + r * n, n, scratch);
        losses[r] = -sum_vectors<T>(n, [&](int64_t i) {
            return load_first(label + i, n - i) * load_first(s + r * n + i, n - i);
        });
        exponentials(s + r * n, T(0), s + r * n, n);
    });
}
void cross_entropy(Call *call) { BY_TYPE(cross_entropy_of) }

int64_t label_at(const void *labels, int64_t bytes, int64_t i) {
    return bytes == 4 ? ((const int32_t *)labels)[i] : ((const int64_t *)labels)[i];
}

// ints: as softmax, then bytes of a label.  buffers: labels (rows), logits, losses (rows), softmax.
template <class T> void sparse_cross_entropy_of(Call *call) {
    const int64_t n = call->ints[2], label_bytes = call->ints[4];
    const T *logits = (const T *)call->buffers[1];
    T *losses = (T *)call->buffers[2], *s = (T *)call->buffers[3];
    each_row<T>(call, call->ints[1], n, [&](int64_t r, T *) {
        const T *x = logits + r * n;
        const int64_t label = label_at(call->buffers[0], label_bytes, r);
        const T max = largest(x, n), sum = exponentials(x, max, s + r * n, n);
        const bool is_class = label >= 0 && label < n;
        losses[r] = is_class ? log_of(sum) - (x[label] - max) : T(__builtin_nan(""));
        for (int64_t i = 0; i < n; ++i) s[r * n + i] /= sum;
    });
}
void sparse_cross_entropy(Call *call) { BY_TYPE(sparse_cross_entropy_of) }

// ints: element bytes, rows, classes, 0, bytes of a label.  buffers: x, labels, y, which may be x.
template <class T> void subtract_one_hot_of(Call *call) {
    const int64_t n = call->ints[2], label_bytes = call->ints[4];
    const T *x = (const T *)call->buffers[0];
    T *y = (T *)call->buffers[2];
    each_row<T>(call, call->ints[1], n, [&](int64_t r, T *) {
        const int64_t label = label_at(call->buffers[1], label_bytes, r);
        for (int64_t i = 0; i < n; ++i) y[r * n + i] = x[r * n + i] - (i == label ? T(1) : T(0));
    });
}
void subtract_one_hot(Call *call) { BY_TYPE(subtract_one_hot_of) }

}  // namespace

KERNEL_TABLE(softmax, {"softmax", softmax, nullptr}, {"softmax_gradient", softmax_gradient, nullptr},
             {"cross_entropy", cross_entropy, nullptr},
             {"sparse_cross_entropy", sparse_cross_entropy, nullptr},
             {"subtract_one_hot", subtract_one_hot, nullptr})
