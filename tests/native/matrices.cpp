// Factorizations of matrices: their products, in double, are the matrix again.
#include "check.h"

namespace {

typedef std::vector<double> Numbers;

// `batch` matrices of so many rows and columns; rows beside another.
struct Matrices {
    int64_t batch, rows, columns;
    Numbers x;

    double &at(int64_t b, int64_t i, int64_t j) { return x[size_t((b * rows + i) * columns + j)]; }
    double at(int64_t b, int64_t i, int64_t j) const {
        return x[size_t((b * rows + i) * columns + j)];
    }
};
Matrices zeros(int64_t batch, int64_t rows, int64_t columns) {
    return {batch, rows, columns, Numbers(size_t(batch * rows * columns))};
}
template <class T>
Matrices random(int64_t batch, int64_t rows, int64_t columns) {
    return {batch, rows, columns, widen(noise<T>(batch * rows * columns))};
}
Matrices identity(int64_t batch, int64_t size) {
    Matrices y = zeros(batch, size, size);
    for (int64_t b = 0; b < batch; ++b)
        for (int64_t i = 0; i < size; ++i) y.at(b, i, i) = 1;
    return y;
}
Matrices transpose(const Matrices &x) {
    Matrices y = zeros(x.batch, x.columns, x.rows);
    for (int64_t b = 0; b < x.batch; ++b)
        for (int64_t i = 0; i < x.rows; ++i)
            for (int64_t j = 0; j < x.columns; ++j) y.at(b, j, i) = x.at(b, i, j);
    return y;
}
Matrices operator*(const Matrices &x, const Matrices &y) {
    Matrices z = zeros(x.batch, x.rows, y.columns);
    for (int64_t b = 0; b < x.batch; ++b)
        for (int64_t i = 0; i < x.rows; ++i)
            for (int64_t k = 0; k < x.columns; ++k)
                for (int64_t j = 0; j < y.columns; ++j)
                    z.at(b, i, j) += x.at(b, i, k) * y.at(b, k, j);
    return z;
}
// Columns times values (batch, columns).
Matrices scaled(Matrices x, const Numbers &values) {
    for (int64_t b = 0; b < x.batch; ++b)
        for (int64_t i = 0; i < x.rows; ++i)
            for (int64_t j = 0; j < x.columns; ++j)
                x.at(b, i, j) *= values[size_t(b * x.columns + j)];
    return x;
}
// One triangle, the diagonal with it.
Matrices triangle(Matrices x, bool is_lower) {
    for (int64_t b = 0; b < x.batch; ++b)
        for (int64_t i = 0; i < x.rows; ++i)
            for (int64_t j = 0; j < x.columns; ++j)
                if (is_lower ? j > i : j < i) x.at(b, i, j) = 0;
    return x;
}

template <class T>
Array array_of(const Matrices &x) {
    return Array::of(std::vector<T>(x.x.begin(), x.x.end()));
}
template <class T>
Matrices result_of(const Test &test, size_t output, int64_t batch, int64_t rows, int64_t columns) {
    return {batch, rows, columns, widen(test.result<T>(output))};
}
template <class T>
constexpr double ROUNDING = sizeof(T) == 4 ? 4e-6 : 1e-14;

template <class T>
void expect_equal(const std::string &what, const Matrices &got, const Matrices &wanted) {
    double scale = 1;
    for (double value : wanted.x) scale = std::fmax(scale, std::fabs(value));
    expect_close(what, got.x, wanted.x, ROUNDING<T>, scale);
}

constexpr int64_t BATCH = 3;

// Symmetric, with eigenvalues well above 0.
template <class T>
Matrices positive(int64_t size) {
    const Matrices x = random<T>(BATCH, size, size);
    Matrices a = x * transpose(x);
    for (int64_t b = 0; b < BATCH; ++b)
        for (int64_t i = 0; i < size; ++i) a.at(b, i, i) += double(size);
    for (double &value : a.x) value = double(T(value));
    return a;
}

template <class T>
void test_triangles(int64_t size) {
    const std::string text = text_of("%d of %d bytes", int(size), int(sizeof(T)));
    const int64_t bytes = sizeof(T), count = BATCH * size * size;
    const Matrices a = positive<T>(size);
    Test factor{"cholesky " + text, "cholesky", {bytes, BATCH, size}, {}, {array_of<T>(a)},
                {Array::empty<T>(count)}};
    factor.run();
    const Matrices l = result_of<T>(factor, 0, BATCH, size, size);
    expect_equal<T>(factor.name, l * transpose(l), a);
    expect_equal<T>(factor.name, triangle(l, true), l);
    const Array numbers = Array::of(std::vector<int64_t>{0, 1, 1, 0, 2, 2});
    for (int64_t columns : {1, 4, 131})
        for (bool is_transposed : {false, true}) {
            const Matrices b = random<T>(BATCH, size, columns);
            Matrices wanted = b;  // matrix numbers exchange the first two
            for (int64_t i = 0; i < size * columns; ++i)
                std::swap(wanted.x[size_t(i)], wanted.x[size_t(size * columns + i)]);
            const std::string sides = text_of(", %d, %d", int(columns), int(is_transposed));
            Test half{"triangular_solve " + text + sides,
                      "triangular_solve",
                      {bytes, BATCH, size, columns, true, is_transposed},
                      {},
                      {array_of<T>(l), array_of<T>(b), numbers},
                      {Array::empty<T>(BATCH * size * columns)}};
            half.run();
            const Matrices x = result_of<T>(half, 0, BATCH, size, columns);
            expect_equal<T>(half.name, (is_transposed ? transpose(l) : l) * x, wanted);
            Test whole{"matrix_solve " + text + sides,
                       "matrix_solve",
                       {bytes, BATCH, size, columns, is_transposed},
                       {},
                       {array_of<T>(triangle(a, false)), array_of<T>(b), numbers},
                       {Array::empty<T>(BATCH * size * columns)}};
            whole.run();
            const Matrices u = triangle(a, false),
                           y = result_of<T>(whole, 0, BATCH, size, columns);
            expect_equal<T>(whole.name, (is_transposed ? transpose(u) : u) * y, wanted);
        }
    Test inverse{"matrix_inverse " + text, "matrix_inverse", {bytes, BATCH, size}, {},
                 {array_of<T>(a)}, {Array::empty<T>(count)}};
    inverse.run();
    expect_equal<T>(inverse.name, result_of<T>(inverse, 0, BATCH, size, size) * a,
                    identity(BATCH, size));
    Test plain{"determinant " + text, "determinant", {bytes, BATCH, size, false}, {},
               {array_of<T>(l)}, {Array::empty<T>(BATCH)}};
    plain.run();
    Test logarithm{"its logarithm " + text, "determinant", {bytes, BATCH, size, true}, {},
                   {array_of<T>(a)}, {Array::empty<T>(BATCH), Array::empty<T>(BATCH)}};
    logarithm.run();
    Numbers products, sums;
    for (int64_t b = 0; b < BATCH; ++b) {
        double product = 1, sum = 0;
        for (int64_t i = 0; i < size; ++i) {
            product *= l.at(b, i, i);
            sum += 2 * std::log(l.at(b, i, i));
        }
        products.push_back(double(T(product)));
        sums.push_back(sum);
    }
    expect_close(plain.name, plain.template result<T>(), products, ROUNDING<T>);
    expect_close(logarithm.name, logarithm.template result<T>(0), Numbers(size_t(BATCH), 1), 0);
    expect_close(logarithm.name, logarithm.template result<T>(1), sums, ROUNDING<T>);
}

template <class T>
void test_eigenvalues(int64_t size) {
    const Matrices x = random<T>(BATCH, size, size), turned = transpose(x);
    Matrices a = x;
    for (size_t i = 0; i < a.x.size(); ++i) a.x[i] = double(T(x.x[i] + turned.x[i]));
    Test test{text_of("symmetric_eigen %d of %d bytes", int(size), int(sizeof(T))),
              "symmetric_eigen",
              {int64_t(sizeof(T)), BATCH, size, true},
              {},
              {array_of<T>(triangle(a, true))},
              {Array::empty<T>(BATCH * size), Array::empty<T>(BATCH * size * size)}};
    test.run();
    const Matrices v = result_of<T>(test, 1, BATCH, size, size);
    expect_equal<T>(test.name, scaled(v, widen(test.result<T>(0))) * transpose(v), a);
    expect_equal<T>(test.name, transpose(v) * v, identity(BATCH, size));
}

template <class T>
void test_rectangles(int64_t rows, int64_t columns, bool is_full) {
    const Matrices a = random<T>(BATCH, rows, columns);
    const int64_t k = std::min(rows, columns), bytes = sizeof(T);
    const int64_t q_columns = is_full ? rows : k, v_columns = is_full ? columns : k;
    const std::string text =
        text_of("%d x %d of %d bytes, %d", int(rows), int(columns), int(bytes), int(is_full));
    Test qr{"qr " + text, "qr", {bytes, BATCH, rows, columns, q_columns}, {}, {array_of<T>(a)},
            {Array::empty<T>(BATCH * rows * q_columns), Array::empty<T>(BATCH * q_columns * columns)}};
    qr.run();
    const Matrices q = result_of<T>(qr, 0, BATCH, rows, q_columns),
                   r = result_of<T>(qr, 1, BATCH, q_columns, columns);
    expect_equal<T>(qr.name, q * r, a);
    expect_equal<T>(qr.name, transpose(q) * q, identity(BATCH, q_columns));
    expect_equal<T>(qr.name, triangle(r, false), r);
    Test svd{"svd " + text, "svd", {bytes, BATCH, rows, columns, is_full, true}, {},
             {array_of<T>(a)},
             {Array::empty<T>(BATCH * k), Array::empty<T>(BATCH * rows * q_columns),
              Array::empty<T>(BATCH * columns * v_columns)}};
    svd.run();
    const Matrices u = result_of<T>(svd, 1, BATCH, rows, q_columns),
                   v = result_of<T>(svd, 2, BATCH, columns, v_columns);
    expect_equal<T>(svd.name, transpose(u) * u, identity(BATCH, q_columns));
    expect_equal<T>(svd.name, transpose(v) * v, identity(BATCH, v_columns));
    if (is_full) return;
    expect_equal<T>(svd.name, scaled(u, widen(svd.result<T>(0))) * transpose(v), a);
    Test inverse{"pseudo_inverse " + text,
                 "pseudo_inverse",
                 {bytes, BATCH, rows, columns},
                 {1e-3},
                 {svd.outputs[0], svd.outputs[1], svd.outputs[2]},
                 {Array::empty<T>(BATCH * rows * columns)}};
    inverse.run();
    Numbers inverses = widen(svd.result<T>(0));
    for (int64_t i = 0; i < BATCH * k; ++i) {
        const double largest = double(svd.result<T>(0)[size_t(i / k * k)]);
        double &s = inverses[size_t(i)];
        s = s > 1e-3 * largest ? 1 / s : 0;
    }
    expect_equal<T>(inverse.name, result_of<T>(inverse, 0, BATCH, columns, rows),
                    scaled(v, inverses) * transpose(u));
}

void test_refusals() {
    const std::vector<double> ones(4, 1), broken{1, NAN, NAN, 1}, negative{1, 0, 0, -1};
    const struct {
        const char *kernel;
        const std::vector<double> &a;
        const char *says;
    } cases[] = {{"matrix_inverse", ones, "Singular matrix"},
                 {"cholesky", negative, "Matrix is not positive definite"},
                 {"symmetric_eigen", broken, "Eigenvalues did not converge"},
                 {"svd", broken, "SVD did not converge"}};
    for (const auto &c : cases) {
        const bool is_svd = std::string(c.kernel) == "svd";
        Test test{text_of("%s of no such matrix", c.kernel), c.kernel, {8, 1, 2}, {},
                  {Array::of(c.a)}, {}};
        if (is_svd) test.ints.insert(test.ints.end(), {2, false, false});
        else test.ints.push_back(false);
        test.outputs.push_back(Array::empty<double>(4));
        test.run();
        expect(test.error && std::string(test.error) == c.says, test.name, "says something else");
    }
}

}  // namespace

void test_matrices() {
    for (int64_t size : {1, 2, 5, 16, 33}) {
        test_triangles<float>(size);
        test_triangles<double>(size);
        test_eigenvalues<float>(size);
        test_eigenvalues<double>(size);
    }
    for (bool is_full : {false, true})
        for (const auto &[rows, columns] :
             std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {3, 7}, {7, 3}, {17, 17}, {20, 33}}) {
            test_rectangles<float>(rows, columns, is_full);
            test_rectangles<double>(rows, columns, is_full);
        }
    test_refusals();
}
