// What is found wrong in arrays: counted here, and raised by the ops that read the counts.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int64_t PIECE = 1 << 14, MAX_PIECES = 64;

int64_t piece_of(int64_t count) { return greater(PIECE, divide_up(count, MAX_PIECES)); }

struct Found {
    int64_t nans, infinities, first;
};

// ints: element type, count.   buffers: x, (3,) int64: how many are NaN, how many infinite, the
// number of the first that is either; 0 if none is. Each piece has its counts in the workspace.
int64_t found_bytes(const int64_t *) { return MAX_PIECES * int64_t(sizeof(Found)); }

template <class T> Found find_non_finite(const T *x, int64_t begin, int64_t end) {
    int64_t nans = 0, others = 0, first = begin;
    for (int64_t i = begin; i < end; ++i) {
        nans += x[i] != x[i];
        others += x[i] - x[i] != T(0);
    }
    if (others)
        while (x[first] - x[first] == T(0)) ++first;
    return {nans, others - nans, first};
}
void count_non_finite(Call *call) {
    const int64_t count = call->ints[1], piece = piece_of(count);
    Found *found = (Found *)call->workspace;
    by_float(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        parallel_spans(call, count, piece, [&](int64_t begin, int64_t end) {
            found[begin / piece] = find_non_finite(x, begin, end);
        });
    });
    int64_t *y = (int64_t *)call->buffers[1];
    y[0] = y[1] = y[2] = 0;
    for (int64_t i = 0; i < divide_up(count, piece); ++i) {
        const int64_t before = y[0] + y[1];
        y[0] += found[i].nans, y[1] += found[i].infinities;
        if (before == 0 && y[0] + y[1]) y[2] = found[i].first;
    }
}

// ints: element bytes, count, rank, sizes, strides of x, strides of y, in elements.
// buffers: holds (count) bool, x, y, (2,) int64: how many do not hold, the number of the first; x
// and y there, () each, or zeros.
void first_failure(Call *call) {
    const int64_t *v = call->ints;
    const int64_t bytes = v[0], count = v[1], rank = v[2];
    const uint8_t *holds = (const uint8_t *)call->buffers[0];
    int64_t *report = (int64_t *)call->buffers[3], failures = 0, first = 0;
    for (int64_t i = 0; i < count; ++i) failures += !holds[i];
    while (failures && holds[first]) ++first;
    report[0] = failures, report[1] = first;
    for (int k = 0; k < 2; ++k) {
        char *to = (char *)call->buffers[4 + k];
        int64_t at = 0, rest = first;
        for (int64_t a = rank - 1; a >= 0 && count; --a) {
            at += rest % v[3 + a] * v[3 + (k + 1) * rank + a];
            rest /= v[3 + a];
        }
        if (count)
            __builtin_memcpy(to, (const char *)call->buffers[1 + k] + at * bytes, size_t(bytes));
        else __builtin_memset(to, 0, size_t(bytes));
    }
}

// ints: element type, count.   buffers: exponents; fails where one is negative.
void integer_exponents(Call *call) {
    by_number(call->ints[0], [&](auto type) {
        typedef TypeOf<decltype(type)> T;
        const T *x = (const T *)call->buffers[0];
        for (int64_t i = 0; i < call->ints[1]; ++i)
            if (x[i] < T(0)) call->error = "an integer's exponent is negative";
    });
}

}  // namespace

KERNEL_TABLE(checks, {"count_non_finite", count_non_finite, found_bytes},
             {"first_failure", first_failure, nullptr},
             {"integer_exponents", integer_exponents, nullptr})
