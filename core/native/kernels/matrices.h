// What kernels for batches of small and medium matrices share: sums along rows, rotations and
// reflections, and one matrix after another.
//
// Sections are those of Golub and Van Loan, "Matrix Computations", fourth edition, 2013. Matrices lie by
// rows; where an algorithm works on columns, the transposed matrix is taken, so that what is added and
// multiplied lies side by side.
#pragma once
#include "../parallel.h"

namespace {

// Calls function<float> or function<double>, by the first of the ints: bytes of an element.
#define BY_TYPE(function)                                                                    \
    [](Call *call) {                                                                         \
        if (call->ints[0] == 4) function<float>(call);                                       \
        else function<double>(call);                                                         \
    }

template <class T> constexpr T EPSILON = sizeof(T) == 4 ? T(0x1p-23) : T(0x1p-52);
template <class T> constexpr T LEAST_NORMAL = sizeof(T) == 4 ? T(0x1p-126) : T(0x1p-1022);

INLINE float root(float x) { return __builtin_sqrtf(x); }
INLINE double root(double x) { return __builtin_sqrt(x); }
template <class T> INLINE T size_of(T x) { return x < T(0) ? T(-x) : x; }
template <class T> INLINE T signed_as(T x, T sign) { return T(__builtin_copysign(x, sign)); }

// Sum of a_i b_i, in four accumulators that are joined in a fixed order.
template <class T> T dot(const T *a, const T *b, int64_t n) {
    constexpr int L = LANES<T>;
    Vector<T> sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L)
        UNROLL for (int k = 0; k < 4; ++k) sums[k] += load(a + i + k * L) * load(b + i + k * L);
    for (; i + L <= n; i += L) sums[0] += load(a + i) * load(b + i);
    if (i < n) sums[1] += load_first(a + i, n - i) * load_first(b + i, n - i);
    return sum_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// y += factor x
template <class T> INLINE void add_scaled(T *y, T factor, const T *x, int64_t n) {
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) y[i] += factor * x[i];
}

// (a, b) becomes (c a + s b, c b - s a), c >= 0. Both are written as the old one and a change, by
// Rutishauser's t = s / (1 + c) = (1 - c) / s: so small rotations, of which there are many, add errors
// that are as small, and do not change lengths by the rounding of c.
template <class T> INLINE void rotate(T *a, T *b, T c, T s, int64_t n) {
    const T t = s / (T(1) + c);
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
        const T x = a[i], y = b[i];
        a[i] = x + s * (y - t * x);
        b[i] = y - s * (x + t * y);
    }
}

template <class T> INLINE void copy(const T *from, T *to, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}
template <class T> INLINE void fill(T *to, T value, int64_t n) {
    for (int64_t i = 0; i < n; ++i) to[i] = value;
}
template <class T> void exchange(T *a, T *b, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        const T old = a[i];
        a[i] = b[i];
        b[i] = old;
    }
}
template <class T> void transpose(const T *from, int64_t rows, int64_t columns, T *to) {
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
}

template <class T> T largest_size(const T *x, int64_t n) {
    T most = 0;
    for (int64_t i = 0; i < n; ++i) most = size_of(x[i]) > most ? size_of(x[i]) : most;
    return most;
}

// The Euclidean norm, also where squares overflow or vanish.
template <class T> T norm(const T *x, int64_t n) {
    const T squares = dot(x, x, n);
    const T least = LEAST_NORMAL<T> / EPSILON<T> / EPSILON<T>, most = T(1) / least;
    if ((squares > least && squares < most) || squares != squares) return root(squares);
    const T unit = largest_size(x, n);
    if (unit == T(0) || unit == T(__builtin_inf())) return unit;
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += x[i] / unit * (x[i] / unit);
    return unit * root(sum);
}

// A power of 2 by which the matrix has its largest entry in 1/2 … 1; 0 where one is not finite.
template <class T> T unit_scale(const T *a, int64_t n) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += a[i] * T(0);
    if (sum != T(0)) return T(0);
    const T most = largest_size(a, n);
    if (most == T(0)) return T(1);
    int exponent;
    __builtin_frexp(double(most), &exponent);
    constexpr int MOST = sizeof(T) == 4 ? 126 : 1022;  // its inverse must be a normal number too
    return T(__builtin_ldexp(1.0, -exponent > MOST ? MOST : -exponent < -MOST ? -MOST : -exponent));
}

// Householder's reflections (5.1) --------------------------------------------------------------------

// The reflection 1 - tau v vᵀ, v_0 = 1, that takes x to (beta, 0 …): beta and the rest of v replace x;
// returns tau. The sign of beta is not x_0's, as LAPACK has it; tau is 0 where the rest of x is 0.
template <class T> T reflection(T *x, int64_t n) {
    if (n < 2) return T(0);
    const T rest = norm(x + 1, n - 1), first = x[0];
    if (rest == T(0)) return T(0);
    const T pair[2] = {first, rest};
    const T beta = -signed_as(norm(pair, 2), first), scale = first - beta;
    constexpr T LEAST = LEAST_NORMAL<T> / EPSILON<T>;  // below, numbers have too few digits
    if (size_of(beta) < LEAST) {
        for (int64_t i = 0; i < n; ++i) x[i] *= T(1) / LEAST;
        const T tau = reflection(x, n);
        x[0] *= LEAST;
        return tau;
    }
    for (int64_t i = 1; i < n; ++i) x[i] /= scale;
    x[0] = beta;
    return (beta - first) / beta;
}

// y becomes its image; v_0 counts as 1.
template <class T> void reflect(T *y, const T *v, T tau, int64_t n) {
    const T factor = tau * (y[0] + dot(v + 1, y + 1, n - 1));
    y[0] -= factor;
    add_scaled(y + 1, -factor, v + 1, n - 1);
}

// A = Q R of the transposed matrix, whose rows are A's `columns` columns of `rows` entries (5.2.2): in
// row k are R's column, up to the diagonal, and reflection k.
template <class T> void factor_qr(T *transposed, int64_t rows, int64_t columns, T *taus) {
    const int64_t steps = smaller(rows, columns);
    for (int64_t k = 0; k < steps; ++k) {
        const T *v = transposed + k * rows + k;
        taus[k] = reflection(transposed + k * rows + k, rows - k);
        for (int64_t j = k + 1; j < columns; ++j)
            reflect(transposed + j * rows + k, v, taus[k], rows - k);
    }
}

// y becomes Q y, where the first `steps` reflections make Q, and y is 0 after entry `last`.
template <class T>
void apply_q(T *y, const T *transposed, const T *taus, int64_t rows, int64_t steps, int64_t last) {
    for (int64_t k = smaller(steps - 1, last); k >= 0; --k)
        reflect(y + k, transposed + k * rows + k, taus[k], rows - k);
}

// One after another ----------------------------------------------------------------------------------

// A flag that any task may raise.
class Flag {
  public:
    void raise() { __atomic_store_n(&is_raised_, 1, __ATOMIC_RELAXED); }
    bool is_raised() const { return is_raised_; }

  private:
    int is_raised_ = 0;
};

// body(i, scratch) for matrices 0 … count - 1 of so much work each, in multiplications.
template <class Body>
void each_matrix(Call *call, int64_t count, int64_t work, int64_t scratch_bytes, const Body &body) {
    constexpr int64_t TASK_WORK = 1 << 16;
    const int64_t group = greater(1, TASK_WORK / greater(1, work));
    parallel(call, divide_up(count, group), size_t(scratch_bytes), [&](int64_t task, char *scratch) {
        const int64_t end = smaller(count, (task + 1) * group);
        for (int64_t i = task * group; i < end; ++i) body(i, scratch);
    });
}

}  // namespace
