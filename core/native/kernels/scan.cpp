// Recurrences along the middle axis of (outer, length, inner): each line in order, or backwards. A
// task has some of the inner axis, so that neighbouring lines are taken together.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t COLUMNS = 1 << 8;
constexpr int64_t TASK_ELEMENTS = 1 << 14;

// ints: type, outer, length, inner, reverse, and more by kernel.
struct Lines {
    int64_t outer, length, inner;
    bool reverse;

    explicit Lines(const int64_t *v) : outer(v[1]), length(v[2]), inner(v[3]), reverse(v[4]) {}

    // Where entry k of a line begins, in the order of the scan; from the line's beginning.
    int64_t entry(int64_t k) const { return (reverse ? length - 1 - k : k) * inner; }

    // body(where a block of lines begins, how many lines).
    template <class Body> void each_block(Call *call, const Body &body) const {
        if (length * inner == 0) return;
        const int64_t blocks = divide_up(inner, COLUMNS), width = smaller(inner, COLUMNS);
        const int64_t grain = greater(1, TASK_ELEMENTS / (length * width));
        parallel_spans(call, outer * blocks, grain, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const int64_t column = i % blocks * COLUMNS;
                body(i / blocks * length * inner + column, smaller(COLUMNS, inner - column));
            }
        });
    }
};

// ints: as Lines, then: is the entry itself left out.   buffers: x, sums of its type.
void cumulative_sum(Call *call) {
    const Lines lines(call->ints);
    const bool is_exclusive = call->ints[5];
    by_number(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        T *y = (T *)call->buffers[1];
        lines.each_block(call, [&](int64_t at, int64_t n) {
            T sums[COLUMNS] = {};
            for (int64_t k = 0; k < lines.length; ++k) {
                const T *from = x + at + lines.entry(k);
                T *to = y + at + lines.entry(k);
                for (int64_t i = 0; i < n; ++i) {
                    const T sum = k ? T(sums[i] + from[i]) : from[i];  // so that -0 stays
                    to[i] = is_exclusive ? sums[i] : sum;
                    sums[i] = sum;
                }
            }
        });
    });
}

// ints: as Lines.   real: what each line begins with.   buffers: a, b, y = initial, then b + a y.
void exclusive_scan(Call *call) {
    const Lines lines(call->ints);
    by_number(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *a = (const T *)call->buffers[0], *b = (const T *)call->buffers[1];
        T *y = (T *)call->buffers[2];
        lines.each_block(call, [&](int64_t at, int64_t n) {
            T states[COLUMNS];
            for (int64_t i = 0; i < n; ++i) states[i] = T(call->reals[0]);
            for (int64_t k = 0; k < lines.length; ++k) {
                const int64_t here = at + lines.entry(k);
                for (int64_t i = 0; i < n; ++i) {
                    y[here + i] = states[i];
                    states[i] = T(b[here + i] + a[here + i] * states[i]);
                }
            }
        });
    });
}

// ints: type, count, width, reverse, index bytes.   real: what each id begins with.
// buffers: a, b (count, width), ids (count), order (count) int32: of the ids, stably sorted; y
// (count, width): the recurrence of exclusive_scan along the rows of each id.
void grouped_scan(Call *call) {
    const int64_t count = call->ints[1], width = call->ints[2];
    const bool reverse = call->ints[3];
    const Indices ids{call->buffers[2], call->ints[4]};
    const int32_t *order = (const int32_t *)call->buffers[3];
    by_number(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *a = (const T *)call->buffers[0], *b = (const T *)call->buffers[1];
        T *y = (T *)call->buffers[4];
        parallel_spans(call, width, COLUMNS, [&](int64_t begin, int64_t end) {
            for (int64_t k = 0; k < count; ++k) {
                const int64_t here = order[reverse ? count - 1 - k : k] * width;
                const int64_t before = k ? order[reverse ? count - k : k - 1] * width : here;
                const bool is_first = k == 0 || ids[here / width] != ids[before / width];
                for (int64_t i = begin; i < end; ++i)
                    y[here + i] = is_first ? T(call->reals[0])
                                           : T(b[before + i] + a[before + i] * y[before + i]);
            }
        });
    });
}

// ints: as Lines, then: is it the largest.   buffers: x, y int64: where along the axis the largest
// (smallest) entry so far is, of several the first; a NaN is larger and smaller than any.
void running_position(Call *call) {
    const Lines lines(call->ints);
    const bool is_largest = call->ints[5];
    by_number(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        int64_t *y = (int64_t *)call->buffers[1];
        lines.each_block(call, [&](int64_t at, int64_t n) {
            T best[COLUMNS];
            int64_t places[COLUMNS];
            for (int64_t k = 0; k < lines.length; ++k) {
                const int64_t here = at + lines.entry(k), place = lines.entry(k) / lines.inner;
                for (int64_t i = 0; i < n; ++i) {
                    const T value = x[here + i];
                    const bool is_better = k == 0 ||
                                           (is_largest ? value > best[i] : value < best[i]) ||
                                           value != value;
                    best[i] = is_better ? value : best[i];
                    places[i] = is_better ? place : places[i];
                    y[here + i] = places[i];
                }
            }
        });
    });
}

// log(exp(a) + exp(b)), without overflow; NaN where either is.
INLINE double log_of_sum(double a, double b) {
    const double high = a > b || a != a ? a : b, low = a > b || a != a ? b : a;
    if (high - high != 0) return high;  // an infinity, or NaN
    return high + __builtin_log1p(__builtin_exp(low - high));
}

// ints: as Lines.   buffers: x, y: log of the sum of exp(x) so far.
void running_logsumexp(Call *call) {
    const Lines lines(call->ints);
    by_float(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        T *y = (T *)call->buffers[1];
        lines.each_block(call, [&](int64_t at, int64_t n) {
            double states[COLUMNS];
            for (int64_t k = 0; k < lines.length; ++k) {
                const int64_t here = at + lines.entry(k);
                for (int64_t i = 0; i < n; ++i) {
                    states[i] = k ? log_of_sum(states[i], double(x[here + i]))
                                  : double(x[here + i]);
                    y[here + i] = T(states[i]);
                }
            }
        });
    });
}

}  // namespace

KERNEL_TABLE(scan, {"cumulative_sum", cumulative_sum, nullptr},
             {"exclusive_scan", exclusive_scan, nullptr}, {"grouped_scan", grouped_scan, nullptr},
             {"running_position", running_position, nullptr},
             {"running_logsumexp", running_logsumexp, nullptr})
