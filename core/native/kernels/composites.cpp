// Several element-wise operations as one step of a chain, which rules/composites.py finds.
//
// A step is a pass over a block in the first-level cache: of a subtraction, a product and a sum, two
// loads in three and two stores in three go to numbers in between, and they take as long as the
// arithmetic. Here those stay in registers. This file is compiled without contraction: every
// operation rounds as it would alone, so bits are the same wherever a chain is cut.
#include "composites.h"
#include "../types.h"

namespace {

constexpr int MOST_SOURCES = 5;

INLINE float root(float x) { return __builtin_sqrtf(x); }
INLINE double root(double x) { return __builtin_sqrt(x); }

#define COMPOSITE(name, formula)                                                             \
    template <class T> INLINE T name(T a, T b, T c, T d, T e) {                              \
        (void)d, (void)e;                                                                    \
        return formula;                                                                      \
    }
COMPOSITE(multiply_add, a *b + c)
COMPOSITE(multiply_subtract, a *b - c)
COMPOSITE(subtract_product, a - b * c)
COMPOSITE(approach, a + (b - a) * c)             // a running mean
COMPOSITE(approach_square, a + (b * b - a) * c)  // a running mean of squares
COMPOSITE(root_step, a - b * c / (root(d) + e))  // Adam's

// Sources that a formula has not are read as its last, and then not at all: the compiler sees that.
template <class T, auto formula, int SOURCES> void block(void *to, const void *const *from, int64_t n) {
    const T *x[MOST_SOURCES];
    for (int k = 0; k < MOST_SOURCES; ++k) x[k] = (const T *)from[k < SOURCES ? k : SOURCES - 1];
    const T *a = x[0], *b = x[1], *c = x[2], *d = x[3], *e = x[4];
    T *y = (T *)to;
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] = formula(a[i], b[i], c[i], d[i], e[i]);
}

template <class T> BlockFunction composite_of(int64_t op) {
    switch (op) {
        case OP_multiply_add: return block<T, multiply_add<T>, 3>;
        case OP_multiply_subtract: return block<T, multiply_subtract<T>, 3>;
        case OP_subtract_product: return block<T, subtract_product<T>, 3>;
        case OP_approach: return block<T, approach<T>, 3>;
        case OP_approach_square: return block<T, approach_square<T>, 3>;
        case OP_root_step: return block<T, root_step<T>, 5>;
        default: return nullptr;
    }
}

}  // namespace

extern "C" BlockFunction THALWEG_NAME(composite)(int64_t op, int64_t type) {
    if (type == TYPE_float32) return composite_of<float>(op);
    if (type == TYPE_float64) return composite_of<double>(op);
    return nullptr;
}
