// Factorizations into triangles of each matrix of a batch, and what is made with them: Cholesky's, LU,
// QR; solutions of systems, inverses, determinants.
//
// A matrix is one task's. The loops are those that add multiples of rows, so they run in full vectors;
// there is no blocking, for matrices that the second-level cache holds.
#include "matrices.h"

namespace {

constexpr const char *SINGULAR = "Singular matrix";

// Cholesky's (4.2.5) ---------------------------------------------------------------------------------

// The upper triangle of a becomes u with uᵀ u = a; false where a pivot is not positive. NaN is no such.
template <class T> bool factor_cholesky(T *a, int64_t n) {
    for (int64_t k = 0; k < n; ++k) {
        T *const row = a + k * n;
        if (row[k] <= T(0)) return false;
        row[k] = root(row[k]);
        for (int64_t j = k + 1; j < n; ++j) row[j] /= row[k];
        for (int64_t i = k + 1; i < n; ++i) add_scaled(a + i * n + i, -row[i], row + i, n - i);
    }
    return true;
}

// ints: bytes, batch, n.  buffers: a, of which the lower triangle is read; l, lower.
template <class T> void cholesky(Call *call) {
    const int64_t batch = call->ints[1], n = call->ints[2];
    Flag is_indefinite;
    each_matrix(call, batch, n * n * n / 3, n * n * int64_t(sizeof(T)), [&](int64_t m, char *scratch) {
        const T *a = (const T *)call->buffers[0] + m * n * n;
        T *l = (T *)call->buffers[1] + m * n * n, *u = (T *)scratch;
        transpose(a, n, n, u);
        if (!factor_cholesky(u, n)) return is_indefinite.raise();
        for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j < n; ++j) l[i * n + j] = j <= i ? u[j * n + i] : T(0);
    });
    if (is_indefinite.is_raised()) call->error = "Matrix is not positive definite";
}

// Triangular systems (3.1) ---------------------------------------------------------------------------

// A triangle of order n, whose entry (i, j) is at i * down + j * right.
template <class T> struct Triangle {
    const T *a;
    int64_t n, down, right;
    bool is_lower, has_unit_diagonal;

    T at(int64_t i, int64_t j) const { return a[i * down + j * right]; }
    int64_t unknown(int64_t step) const { return is_lower ? step : n - 1 - step; }
};

// One right-hand side, by columns of the triangle where these are rows in memory, else by rows.
template <class T> void substitute_vector(const Triangle<T> &t, T *x) {
    for (int64_t step = 0; step < t.n; ++step) {
        const int64_t i = t.unknown(step), first = t.is_lower ? 0 : i + 1;
        if (t.right == 1) x[i] -= dot(t.a + i * t.down + first, x + first, step);
        if (!t.has_unit_diagonal) x[i] /= t.at(i, i);
        const int64_t rest = t.is_lower ? i + 1 : 0;
        if (t.right != 1) add_scaled(x + rest, -x[i], t.a + i * t.right + rest, t.n - 1 - step);
    }
}

// The unknowns replace `columns` right-hand sides, entry (i, k) of which is at i * row + k.
template <class T> void substitute(const Triangle<T> &t, T *x, int64_t row, int64_t columns) {
    if (row == 1) return substitute_vector(t, x);
    for (int64_t step = 0; step < t.n; ++step) {
        const int64_t i = t.unknown(step);
        T *const xi = x + i * row;
        for (int64_t s = 0; s < step; ++s) {
            const int64_t j = t.unknown(s);
            add_scaled(xi, -t.at(i, j), x + j * row, columns);
        }
        if (t.has_unit_diagonal) continue;
        for (int64_t k = 0; k < columns; ++k) xi[k] /= t.at(i, i);
    }
}

// ints: bytes, batch, n, columns, is_lower, is_transposed; is_lower says it of a as it lies.
// buffers: a, b, for each matrix of the batch the numbers of its a and b int64, x.
template <class T> void triangular_solve(Call *call) {
    const int64_t batch = call->ints[1], n = call->ints[2], columns = call->ints[3];
    const bool is_lower = call->ints[4], is_transposed = call->ints[5];
    constexpr int64_t STRIP = 128;  // columns that go together
    const int64_t strips = divide_up(columns, STRIP), work = n * n * smaller(columns, STRIP);
    each_matrix(call, batch * strips, work, 0, [&](int64_t task, char *) {
        const int64_t m = task / strips, first = task % strips * STRIP;
        const int64_t *from = (const int64_t *)call->buffers[2] + 2 * m;
        const T *a = (const T *)call->buffers[0] + from[0] * n * n;
        const T *b = (const T *)call->buffers[1] + from[1] * n * columns + first;
        T *x = (T *)call->buffers[3] + m * n * columns + first;
        const int64_t width = smaller(STRIP, columns - first);
        for (int64_t i = 0; i < n; ++i) copy(b + i * columns, x + i * columns, width);
        substitute(Triangle<T>{a, n, is_transposed ? 1 : n, is_transposed ? n : 1,
                               is_lower != is_transposed, false},
                   x, columns, width);
    });
}

// LU with partial pivoting (3.4) ---------------------------------------------------------------------

// a becomes l, without its unit diagonal, and u; row k went to row pivots[k] in step k. A pivot of 0
// makes it false; NaN is taken for the largest, so that it spreads.
template <class T> bool factor_lu(T *a, int64_t n, int64_t *pivots) {
    for (int64_t k = 0; k < n; ++k) {
        int64_t best = k;
        T most = size_of(a[k * n + k]);
        for (int64_t i = k + 1; i < n; ++i) {
            const T size = size_of(a[i * n + k]);
            if (size > most || size != size) best = i, most = size;
        }
        pivots[k] = best;
        if (best != k) exchange(a + k * n, a + best * n, n);
        const T *row = a + k * n;
        if (row[k] == T(0)) return false;
        for (int64_t i = k + 1; i < n; ++i) {
            T *const other = a + i * n;
            other[k] /= row[k];
            add_scaled(other + k + 1, -other[k], row + k + 1, n - k - 1);
        }
    }
    return true;
}

// Solves with a factored matrix; x holds `columns` right-hand sides.
template <class T> void solve_lu(const T *lu, const int64_t *pivots, int64_t n, T *x, int64_t columns) {
    for (int64_t k = 0; k < n; ++k)
        if (pivots[k] != k) exchange(x + k * columns, x + pivots[k] * columns, columns);
    substitute(Triangle<T>{lu, n, n, 1, true, true}, x, columns, columns);
    substitute(Triangle<T>{lu, n, n, 1, false, false}, x, columns, columns);
}

int64_t lu_bytes(int64_t n, int64_t element) { return round_up(n * n * element, 64) + 8 * n; }
template <class T> int64_t *pivots_of(char *scratch, int64_t n) {
    return (int64_t *)(scratch + round_up(n * n * int64_t(sizeof(T)), 64));
}

// ints: bytes, batch, n, columns, is_transposed.
// buffers: a, b, for each matrix of the batch the numbers of its a and b int64, x.
template <class T> void solve(Call *call) {
    const int64_t batch = call->ints[1], n = call->ints[2], columns = call->ints[3];
    const bool is_transposed = call->ints[4];
    Flag is_singular;
    const int64_t work = n * n * (n + columns);
    each_matrix(call, batch, work, lu_bytes(n, sizeof(T)), [&](int64_t m, char *scratch) {
        const int64_t *from = (const int64_t *)call->buffers[2] + 2 * m;
        const T *a = (const T *)call->buffers[0] + from[0] * n * n;
        T *x = (T *)call->buffers[3] + m * n * columns, *lu = (T *)scratch;
        if (is_transposed) transpose(a, n, n, lu);
        else copy(a, lu, n * n);
        int64_t *const pivots = pivots_of<T>(scratch, n);
        if (!factor_lu(lu, n, pivots)) return is_singular.raise();
        copy((const T *)call->buffers[1] + from[1] * n * columns, x, n * columns);
        solve_lu(lu, pivots, n, x, columns);
    });
    if (is_singular.is_raised()) call->error = SINGULAR;
}

// ints: bytes, batch, n.  buffers: a, its inverse.
template <class T> void inverse(Call *call) {
    const int64_t batch = call->ints[1], n = call->ints[2];
    Flag is_singular;
    each_matrix(call, batch, 2 * n * n * n, lu_bytes(n, sizeof(T)), [&](int64_t m, char *scratch) {
        T *x = (T *)call->buffers[1] + m * n * n, *lu = (T *)scratch;
        copy((const T *)call->buffers[0] + m * n * n, lu, n * n);
        int64_t *const pivots = pivots_of<T>(scratch, n);
        if (!factor_lu(lu, n, pivots)) return is_singular.raise();
        fill(x, T(0), n * n);
        for (int64_t i = 0; i < n; ++i) x[i * n + i] = T(1);
        solve_lu(lu, pivots, n, x, n);
    });
    if (is_singular.is_raised()) call->error = SINGULAR;
}

// A product that neither overflows nor vanishes on the way.
struct Product {
    double fraction = 1;
    int64_t exponent = 0;

    void multiply(double x) {
        int power = 0;
        fraction *= x;
        if (fraction - fraction != 0) return;  // infinity and NaN have no exponent
        fraction = __builtin_frexp(fraction, &power);
        exponent += power;
    }
    double value() const {
        return __builtin_ldexp(fraction, int(smaller(4000, greater(-4000, exponent))));
    }
};

// ints: bytes, batch, n, is_logarithm.
// buffers: a; determinants, or their signs and the logarithms of their sizes.
template <class T> void determinant(Call *call) {
    const int64_t batch = call->ints[1], n = call->ints[2], is_logarithm = call->ints[3];
    T *first = (T *)call->buffers[1], *second = is_logarithm ? (T *)call->buffers[2] : nullptr;
    each_matrix(call, batch, n * n * n, lu_bytes(n, sizeof(T)), [&](int64_t m, char *scratch) {
        T *lu = (T *)scratch;
        copy((const T *)call->buffers[0] + m * n * n, lu, n * n);
        int64_t *const pivots = pivots_of<T>(scratch, n);
        const bool is_regular = factor_lu(lu, n, pivots);
        Product product;
        double logarithm = 0, sign = 1;
        for (int64_t k = 0; k < n && is_regular; ++k) {
            const double entry = double(lu[k * n + k]);
            product.multiply(pivots[k] == k ? entry : -entry);
            if (is_logarithm) logarithm += __builtin_log(size_of(entry));
            if ((entry < 0) != (pivots[k] != k)) sign = -sign;
        }
        if (!is_logarithm) first[m] = is_regular ? T(product.value()) : T(0);
        else first[m] = is_regular ? T(sign) : T(0);
        if (is_logarithm) second[m] = is_regular ? T(logarithm) : T(-__builtin_inf());
    });
}

// QR (5.2.2) -----------------------------------------------------------------------------------------

// ints: bytes, batch, rows, columns, columns of q.  buffers: a, q, r.
template <class T> void qr(Call *call) {
    const int64_t batch = call->ints[1], rows = call->ints[2], columns = call->ints[3];
    const int64_t wide = call->ints[4], steps = smaller(rows, columns);
    const int64_t bytes = (rows * columns + columns + rows) * int64_t(sizeof(T));
    each_matrix(call, batch, rows * columns * steps, bytes, [&](int64_t m, char *scratch) {
        T *work = (T *)scratch, *taus = work + rows * columns, *column = taus + columns;
        T *q = (T *)call->buffers[1] + m * rows * wide, *r = (T *)call->buffers[2] + m * wide * columns;
        transpose((const T *)call->buffers[0] + m * rows * columns, rows, columns, work);
        factor_qr(work, rows, columns, taus);
        for (int64_t i = 0; i < wide; ++i)
            for (int64_t j = 0; j < columns; ++j)
                r[i * columns + j] = i <= j ? work[j * rows + i] : T(0);
        for (int64_t j = 0; j < wide; ++j) {
            fill(column, T(0), rows);
            column[j] = T(1);
            apply_q(column, work, taus, rows, steps, j);
            for (int64_t i = 0; i < rows; ++i) q[i * wide + j] = column[i];
        }
    });
}

}  // namespace

KERNEL_TABLE(factorize, {"cholesky", BY_TYPE(cholesky), nullptr},
             {"triangular_solve", BY_TYPE(triangular_solve), nullptr},
             {"matrix_solve", BY_TYPE(solve), nullptr},
             {"matrix_inverse", BY_TYPE(inverse), nullptr},
             {"determinant", BY_TYPE(determinant), nullptr}, {"qr", BY_TYPE(qr), nullptr})
