// Eigenvalues of symmetric matrices, singular values of any, and their vectors, for each matrix of a
// batch.
//
// Matrices are scaled by a power of 2, so that no square overflows. Vectors are kept as rows: a rotation
// of two of them runs in full vectors.
#include "matrices.h"

namespace {

// Symmetric matrices: to a tridiagonal one by reflections (8.3.1), of which implicit QR steps with
// Wilkinson's shift make a diagonal one (8.3.4, 8.3.5) ------------------------------------------------

template <class T> struct Eigen {
    int64_t n;
    T *a;               // n x n, symmetric; then reflections
    T *vectors;         // n x n, a vector a row; null: none are wanted
    T *values, *beside; // the diagonal, and what is beside it
    T *taus, *spare;    // n each

    static int64_t bytes(int64_t n) { return (2 * n * n + 4 * n) * int64_t(sizeof(T)); }
    Eigen(char *scratch, int64_t n_, bool has_vectors) : n(n_) {
        a = (T *)scratch;
        vectors = has_vectors ? a + n * n : nullptr;
        values = a + 2 * n * n;
        beside = values + n;
        taus = beside + n;
        spare = taus + n;
    }

    // a = Q t Qᵀ: each reflection acts from both sides, as a change of rank two.
    void reduce() {
        for (int64_t k = 0; k + 2 < n; ++k) {
            const int64_t rest = n - k - 1;
            T *const v = a + k * n + k + 1, *const corner = a + (k + 1) * n + k + 1, *const w = spare;
            const T tau = taus[k] = reflection(v, rest);
            beside[k] = v[0];
            v[0] = T(1);
            for (int64_t i = 0; i < rest; ++i) w[i] = tau * dot(corner + i * n, v, rest);
            add_scaled(w, T(-0.5) * tau * dot(w, v, rest), v, rest);
            for (int64_t i = 0; i < rest; ++i) {
                add_scaled(corner + i * n, -v[i], w, rest);
                add_scaled(corner + i * n, -w[i], v, rest);
            }
        }
        for (int64_t k = 0; k < n; ++k) values[k] = a[k * n + k];
        if (n > 1) beside[n - 2] = a[(n - 2) * n + n - 1];
    }

    // The columns of Q.
    void start_vectors() {
        fill(vectors, T(0), n * n);
        for (int64_t j = 0; j < n; ++j) {
            T *const y = vectors + j * n;
            y[j] = T(1);
            for (int64_t k = smaller(n - 3, j - 1); k >= 0; --k)
                reflect(y + k + 1, a + k * n + k + 1, taus[k], n - k - 1);
        }
    }

    // One QR step of the part first … last, shifted by the eigenvalue of its last 2 x 2 matrix that is
    // nearer to the last entry. A rotation starts a bulge, the others chase it out.
    void step(int64_t first, int64_t last) {
        const T half = (values[last - 1] - values[last]) / 2, edge = beside[last - 1];
        const T pair[2] = {half, edge};
        const T shift = values[last] - edge / (half + signed_as(norm(pair, 2), half)) * edge;
        T x = values[first] - shift, bulge = beside[first];
        for (int64_t k = first; k < last; ++k) {
            const T both[2] = {x, bulge};
            const T size = signed_as(norm(both, 2), x);  // so that c is not negative
            const T c = size == T(0) ? T(1) : x / size, s = size == T(0) ? T(0) : bulge / size;
            if (k > first) beside[k - 1] = size;
            const T upper = values[k], lower = values[k + 1], side = beside[k];
            const T moved = s * (s * (lower - upper) + 2 * c * side);
            values[k] = upper + moved;
            values[k + 1] = lower - moved;
            beside[k] = c * s * (lower - upper) + (c * c - s * s) * side;
            if (k + 1 < last) {
                x = beside[k];
                bulge = s * beside[k + 1];
                beside[k + 1] *= c;
            }
            if (vectors) rotate(vectors + k * n, vectors + (k + 1) * n, c, s, n);
        }
    }

    // False if that takes too many steps: two or three an eigenvalue are usual.
    bool make_diagonal() {
        int64_t steps = 0;
        for (int64_t last = n - 1; last > 0;) {
            int64_t first = last;
            while (first > 0 && !is_small(first - 1)) --first;
            if (first == last) {
                --last;
                continue;
            }
            if (++steps > 40 * n) return false;
            step(first, last);
        }
        return true;
    }
    bool is_small(int64_t k) {
        const T around = size_of(values[k]) + size_of(values[k + 1]);
        if (size_of(beside[k]) > EPSILON<T> * around + LEAST_NORMAL<T>) return false;
        beside[k] = T(0);
        return true;
    }

    // Exchanges values and vectors until the values ascend.
    void sort() {
        for (int64_t i = 0; i < n; ++i) {
            int64_t least = i;
            for (int64_t k = i + 1; k < n; ++k)
                if (values[k] < values[least]) least = k;
            const T value = values[least];
            values[least] = values[i];
            values[i] = value;
            if (vectors && least != i) exchange(vectors + i * n, vectors + least * n, n);
        }
    }
};

// ints: bytes, batch, n, has_vectors.  buffers: a, of which the lower triangle is read; values, vectors.
template <class T> void symmetric_eigen(Call *call) {
    const int64_t batch = call->ints[1], n = call->ints[2];
    const bool has_vectors = call->ints[3];
    Flag is_stuck;
    each_matrix(call, batch, 8 * n * n * n, Eigen<T>::bytes(n), [&](int64_t m, char *scratch) {
        const T *a = (const T *)call->buffers[0] + m * n * n;
        Eigen<T> eigen(scratch, n, has_vectors);
        for (int64_t i = 0; i < n; ++i)
            for (int64_t j = 0; j <= i; ++j) eigen.a[i * n + j] = eigen.a[j * n + i] = a[i * n + j];
        const T scale = unit_scale(eigen.a, n * n);
        if (scale == T(0)) return is_stuck.raise();
        for (int64_t i = 0; i < n * n; ++i) eigen.a[i] *= scale;
        eigen.reduce();
        if (has_vectors) eigen.start_vectors();
        if (!eigen.make_diagonal()) return is_stuck.raise();
        eigen.sort();
        T *const values = (T *)call->buffers[1] + m * n;
        for (int64_t i = 0; i < n; ++i) values[i] = eigen.values[i] / scale;
        if (has_vectors) transpose(eigen.vectors, n, n, (T *)call->buffers[2] + m * n * n);
    });
    if (is_stuck.is_raised()) call->error = "Eigenvalues did not converge";
}

// Singular values: Jacobi's method on one side (8.6.3), applied to the rows of R of a QR factorization,
// for which it converges faster than for the matrix itself -------------------------------------------

// Of a matrix that is not wider than tall, given as its `n` columns of `m` entries.
template <class T> struct Singular {
    int64_t m, n;
    bool has_vectors;
    T *columns;       // n x m: the columns; then reflections
    T *rows;          // n x n: R, whose rows become s_i v_i
    T *turns;         // n x n: the rotations of these rows together
    T *values, *taus; // n each
    T *basis;         // n x n: see complete()
    T *basis_taus, *spare;  // n and m

    static constexpr T NOTHING = EPSILON<T> * EPSILON<T>;  // a row as small has no direction

    static int64_t bytes(int64_t m, int64_t n) {
        return (n * m + 3 * n * n + 3 * n + m) * int64_t(sizeof(T));
    }
    Singular(char *scratch, int64_t m_, int64_t n_, bool has_vectors_)
        : m(m_), n(n_), has_vectors(has_vectors_) {
        columns = (T *)scratch;
        rows = columns + n * m;
        turns = rows + n * n;
        basis = turns + n * n;
        values = basis + n * n;
        taus = values + n;
        basis_taus = taus + n;
        spare = basis_taus + n;
    }

    void start() {
        factor_qr(columns, m, n, taus);
        fill(turns, T(0), n * n);
        for (int64_t i = 0; i < n; ++i) {
            turns[i * n + i] = T(1);
            for (int64_t j = 0; j < n; ++j) rows[i * n + j] = i <= j ? columns[j * m + i] : T(0);
        }
    }

    // Makes rows p and q orthogonal; false if they are.
    bool turn(int64_t p, int64_t q) {
        T *const x = rows + p * n, *const y = rows + q * n;
        const double xx = double(dot(x, x, n)), yy = double(dot(y, y, n)), xy = double(dot(x, y, n));
        constexpr double LEAST = double(NOTHING) * double(NOTHING);
        if (!(xx > LEAST && yy > LEAST)) return false;
        const double bound = double(EPSILON<T>) * double(EPSILON<T>) * double(n);
        if (!(xy * xy > bound * xx * yy)) return false;
        const double zeta = (yy - xx) / (2 * xy);  // tangent of the smaller angle, from its double's
        const double t =
            __builtin_copysign(1 / (__builtin_fabs(zeta) + __builtin_sqrt(1 + zeta * zeta)), zeta);
        const double c = 1 / __builtin_sqrt(1 + t * t);
        rotate(x, y, T(c), T(-c * t), n);
        if (has_vectors) rotate(turns + p * n, turns + q * n, T(c), T(-c * t), n);
        return true;
    }

    // False if that takes too many sweeps: six to ten are usual.
    bool make_orthogonal() {
        for (int sweep = 0; sweep < 60; ++sweep) {
            bool has_turned = false;
            for (int64_t p = 0; p < n; ++p)
                for (int64_t q = p + 1; q < n; ++q) has_turned |= turn(p, q);
            if (!has_turned) return true;
        }
        return false;
    }

    void sort() {  // descending
        for (int64_t i = 0; i < n; ++i) values[i] = norm(rows + i * n, n);
        for (int64_t i = 0; i < n; ++i) {
            int64_t most = i;
            for (int64_t k = i + 1; k < n; ++k)
                if (values[k] > values[most]) most = k;
            if (most == i) continue;
            const T value = values[most];
            values[most] = values[i];
            values[i] = value;
            exchange(rows + i * n, rows + most * n, n);
            exchange(turns + i * n, turns + most * n, n);
        }
    }

    // The rows become v_i. Where a value is nothing, those are any that are orthogonal to the others:
    // the further columns of the Q of these.
    void complete() {
        int64_t rank = 0;
        for (; rank < n && values[rank] > NOTHING; ++rank)
            for (int64_t j = 0; j < n; ++j) rows[rank * n + j] /= values[rank];
        if (rank == n) return;
        copy(rows, basis, rank * n);
        factor_qr(basis, n, rank, basis_taus);
        for (int64_t i = rank; i < n; ++i) {
            T *const row = rows + i * n;
            fill(row, T(0), n);
            row[i] = T(1);
            apply_q(row, basis, basis_taus, n, rank, i);
        }
    }

    // u_i, which is Q times row i of the turns, to column i of u; beyond n, column i of Q.
    void write_left(T *u, int64_t count) {
        for (int64_t i = 0; i < count; ++i) {
            fill(spare, T(0), m);
            if (i < n) copy(turns + i * n, spare, n);
            else spare[i] = T(1);
            apply_q(spare, columns, taus, m, n, m);
            for (int64_t k = 0; k < m; ++k) u[k * count + i] = spare[k];
        }
    }
};

// ints: bytes, batch, rows, columns, is_full, has_vectors.  buffers: a, values, u, v.
template <class T> void svd(Call *call) {
    const int64_t batch = call->ints[1], rows = call->ints[2], columns = call->ints[3];
    const bool is_full = call->ints[4], has_vectors = call->ints[5], is_wide = rows < columns;
    const int64_t m = greater(rows, columns), n = smaller(rows, columns);
    const int64_t bytes = Singular<T>::bytes(m, n), work = 8 * m * n * n;
    Flag is_stuck;
    each_matrix(call, batch, work, bytes, [&](int64_t i, char *scratch) {
        const T *a = (const T *)call->buffers[0] + i * m * n;
        Singular<T> svd(scratch, m, n, has_vectors);
        if (is_wide) copy(a, svd.columns, m * n);  // its transpose is taken
        else transpose(a, rows, columns, svd.columns);
        const T scale = unit_scale(a, m * n);
        if (scale == T(0)) return is_stuck.raise();
        for (int64_t k = 0; k < m * n; ++k) svd.columns[k] *= scale;
        svd.start();
        if (!svd.make_orthogonal()) return is_stuck.raise();
        svd.sort();
        T *const values = (T *)call->buffers[1] + i * n;
        for (int64_t k = 0; k < n; ++k) values[k] = svd.values[k] / scale;
        if (!has_vectors) return;
        const int64_t count = is_full ? m : n;
        T *const left = (T *)call->buffers[is_wide ? 3 : 2] + i * m * count;
        T *const right = (T *)call->buffers[is_wide ? 2 : 3] + i * n * n;
        svd.complete();
        svd.write_left(left, count);
        transpose(svd.rows, n, n, right);
    });
    if (is_stuck.is_raised()) call->error = "SVD did not converge";
}

// Moore and Penrose's inverse v diag(1 / s) uᵀ (5.5.2), of which values not above a part of the largest
// count as 0.
// ints: bytes, batch, rows, columns.  reals: that part.  buffers: values, u, v, inverse.
template <class T> void pseudo_inverse(Call *call) {
    const int64_t batch = call->ints[1], rows = call->ints[2], columns = call->ints[3];
    const int64_t n = smaller(rows, columns);
    each_matrix(call, batch, rows * columns * n, n * int64_t(sizeof(T)), [&](int64_t i, char *scratch) {
        const T *s = (const T *)call->buffers[0] + i * n;
        const T *u = (const T *)call->buffers[1] + i * rows * n;
        const T *v = (const T *)call->buffers[2] + i * columns * n;
        T *const y = (T *)call->buffers[3] + i * rows * columns, *const scaled = (T *)scratch;
        for (int64_t c = 0; c < columns; ++c) {
            for (int64_t k = 0; k < n; ++k) {
                const bool counts = double(s[k]) > call->reals[0] * double(s[0]);
                scaled[k] = counts ? v[c * n + k] / s[k] : T(0);
            }
            for (int64_t r = 0; r < rows; ++r) y[c * rows + r] = dot(scaled, u + r * n, n);
        }
    });
}

}  // namespace

KERNEL_TABLE(spectral, {"symmetric_eigen", BY_TYPE(symmetric_eigen), nullptr},
             {"svd", BY_TYPE(svd), nullptr}, {"pseudo_inverse", BY_TYPE(pseudo_inverse), nullptr})
