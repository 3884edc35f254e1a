// Element-wise operations, one by one and in chains, against plain loops.
#include "check.h"
#include "elementwise_ops.h"

namespace {

enum Type : int64_t { FLOAT32, FLOAT64, INT32, INT64, BOOL, UINT8 };
enum Kind : int64_t { FULL, CONSTANT, SCALAR, PERIODIC, REPEATED, STRIDED };

constexpr int64_t BLOCK = 192, REGISTER_BYTES = BLOCK * 8;

// Operands of a program: registers from 0, full inputs from -1 down, then outputs.
struct Operand {
    Kind kind;
    int64_t type, bytes, buffer, place, parameter;
    std::vector<int64_t> words;
};
struct Step {
    int64_t op, type, destination;
    std::vector<int64_t> sources;
};

std::vector<int64_t> program(int64_t count, int64_t registers, const std::vector<Operand> &inputs,
                             int64_t buffers, const std::vector<int64_t> &output_bytes,
                             const std::vector<Step> &steps) {
    std::vector<int64_t> v{count,
                           std::min(BLOCK, std::max<int64_t>(count, 1)),
                           registers,
                           REGISTER_BYTES,
                           int64_t(inputs.size()),
                           int64_t(output_bytes.size()),
                           int64_t(steps.size()),
                           buffers};
    for (const Operand &o : inputs) {
        v.insert(v.end(), {o.kind, o.type, o.bytes, o.buffer, o.place, o.parameter,
                           int64_t(o.words.size())});
        v.insert(v.end(), o.words.begin(), o.words.end());
    }
    for (size_t i = 0; i < output_bytes.size(); ++i)
        v.insert(v.end(), {output_bytes[i], int64_t(i), 0, 0, 0});  // all of its buffer
    for (const Step &s : steps) {
        v.insert(v.end(), {s.op, s.type, s.destination, int64_t(s.sources.size())});
        v.insert(v.end(), s.sources.begin(), s.sources.end());
    }
    return v;
}

// One operation on arrays of elements T, results of R, against a formula in double.
template <class T, class R = T>
void test_op(const char *name, int64_t op, int64_t type, double tolerance,
             const std::vector<std::vector<T>> &inputs,
             const std::function<double(double, double)> &formula) {
    const int64_t count = int64_t(inputs[0].size()), sources = int64_t(inputs.size());
    expect(has_elementwise(int(op), int(type)), name, text_of("missing for type %d", int(type)));
    std::vector<Operand> operands;
    Step step{op, type, -1 - sources, {}};
    Test test{text_of("%s of type %d, %d elements", name, int(type), int(count)),
              "elementwise",
              {},
              {},
              {},
              {Array::empty<R>(count)}};
    for (int64_t i = 0; i < sources; ++i) {
        operands.push_back({FULL, type, int64_t(sizeof(T)), i, 0, 0, {}});
        step.sources.push_back(-1 - i);
        test.inputs.push_back(Array::of(inputs[size_t(i)]));
    }
    test.ints = program(count, 0, operands, sources, {int64_t(sizeof(R))}, {step});
    test.run();
    std::vector<double> wanted;
    for (size_t i = 0; i < size_t(count); ++i)
        wanted.push_back(
            double(R(formula(double(inputs[0][i]), sources > 1 ? double(inputs[1][i]) : 0))));
    expect_close(test.name, test.template result<R>(), wanted, tolerance);
}

double relu(double x) { return x < 0 ? 0 : x; }
double log_sum(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

// Functions of one number, over an interval.
const struct {
    const char *name;
    int op;
    double from, to;
    double (*formula)(double);
} UNARY[] = {
    {"copy", OP_copy, -9, 9, [](double x) { return x; }},
    {"negative", OP_negative, -9, 9, [](double x) { return -x; }},
    {"abs", OP_abs, -9, 9, [](double x) { return std::fabs(x); }},
    {"sign", OP_sign, -9, 9, [](double x) { return x > 0   ? 1
                                                   : x < 0 ? -1
                                                           : x; }},
    {"square", OP_square, -9, 9, [](double x) { return x * x; }},
    {"reciprocal", OP_reciprocal, 0.1, 9, [](double x) { return 1 / x; }},
    {"sqrt", OP_sqrt, 0, 9, [](double x) { return std::sqrt(x); }},
    {"rsqrt", OP_rsqrt, 0.1, 9, [](double x) { return 1 / std::sqrt(x); }},
    {"exp", OP_exp, -9, 1, [](double x) { return std::exp(x); }},
    {"expm1", OP_expm1, -2, 2, [](double x) { return std::expm1(x); }},
    {"log", OP_log, 0, 9, [](double x) { return std::log(x); }},
    {"log1p", OP_log1p, -0.9, 9, [](double x) { return std::log1p(x); }},
    {"tanh", OP_tanh, -9, 9, [](double x) { return std::tanh(x); }},
    {"sigmoid", OP_sigmoid, -9, 9, [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"softplus", OP_softplus, -9, 9, log_sum},
    {"softsign", OP_softsign, -9, 9, [](double x) { return x / (1 + std::fabs(x)); }},
    {"elu", OP_elu, -9, 1, [](double x) { return x > 0 ? x : std::expm1(x); }},
    {"erf", OP_erf, -4, 4, [](double x) { return std::erf(x); }},
    {"erfc", OP_erfc, -4, 4, [](double x) { return std::erfc(x); }},
    {"sin", OP_sin, -9, 9, [](double x) { return std::sin(x); }},
    {"cos", OP_cos, -9, 9, [](double x) { return std::cos(x); }},
    {"tan", OP_tan, -1, 1, [](double x) { return std::tan(x); }},
    {"asin", OP_asin, -1, 1, [](double x) { return std::asin(x); }},
    {"acos", OP_acos, -1, 1, [](double x) { return std::acos(x); }},
    {"atan", OP_atan, -9, 9, [](double x) { return std::atan(x); }},
    {"sinh", OP_sinh, -2, 2, [](double x) { return std::sinh(x); }},
    {"cosh", OP_cosh, -2, 2, [](double x) { return std::cosh(x); }},
    {"asinh", OP_asinh, -9, 9, [](double x) { return std::asinh(x); }},
    {"acosh", OP_acosh, 1, 9, [](double x) { return std::acosh(x); }},
    {"atanh", OP_atanh, -0.9, 0.9, [](double x) { return std::atanh(x); }},
    {"lgamma", OP_lgamma, 0.1, 9, [](double x) { return std::lgamma(x); }},
    {"floor", OP_floor, -9, 9, [](double x) { return std::floor(x); }},
    {"ceil", OP_ceil, -9, 9, [](double x) { return std::ceil(x); }},
    {"round", OP_round, -9, 9, [](double x) { return std::nearbyint(x); }},
    {"relu", OP_relu, -9, 9, relu},
};

const struct {
    const char *name;
    int op;
    bool is_for_integers;
    double (*formula)(double, double);
} BINARY[] = {
    {"add", OP_add, true, [](double a, double b) { return a + b; }},
    {"subtract", OP_subtract, true, [](double a, double b) { return a - b; }},
    {"multiply", OP_multiply, true, [](double a, double b) { return a * b; }},
    {"divide", OP_divide, false, [](double a, double b) { return a / b; }},
    {"maximum", OP_maximum, true, [](double a, double b) { return a > b ? a : b; }},
    {"minimum", OP_minimum, true, [](double a, double b) { return a < b ? a : b; }},
    {"atan2", OP_atan2, false, [](double a, double b) { return std::atan2(a, b); }},
    {"floordiv", OP_floordiv, true, [](double a, double b) { return std::floor(a / b); }},
    {"floormod", OP_floormod, true, [](double a, double b) { return a - b * std::floor(a / b); }},
    {"truncatediv", OP_truncatediv, true, [](double a, double b) { return std::trunc(a / b); }},
    {"truncatemod", OP_truncatemod, true, [](double a, double b) { return std::fmod(a, b); }},
    {"relu_gradient", OP_relu_gradient, true, [](double a, double b) { return b > 0 ? a : 0; }},
    {"sigmoid_cross_entropy", OP_sigmoid_cross_entropy, false,
     [](double a, double b) { return log_sum(b) - a * b; }},
};

const struct {
    const char *name;
    int op;
    bool (*formula)(double, double);
} COMPARISONS[] = {
    {"equal", OP_equal, [](double a, double b) { return a == b; }},
    {"not_equal", OP_not_equal, [](double a, double b) { return a != b; }},
    {"less", OP_less, [](double a, double b) { return a < b; }},
    {"less_equal", OP_less_equal, [](double a, double b) { return a <= b; }},
    {"greater", OP_greater, [](double a, double b) { return a > b; }},
    {"greater_equal", OP_greater_equal, [](double a, double b) { return a >= b; }},
};

template <class T>
void test_floats(int64_t type, int64_t count) {
    const double tolerance = sizeof(T) == 4 ? 4e-7 : 1e-15;
    for (const auto &row : UNARY) {
        const auto f = row.formula;
        test_op<T>(row.name, row.op, type, tolerance, {noise<T>(count, row.from, row.to)},
                   [f](double x, double) { return f(x); });
    }
    const auto a = noise<T>(count, -9, 9);
    auto b = noise<T>(count, -9, 9);
    for (T &v : b) v = T(int(v) == 0 ? 3 : int(v)) + T(0.25);  // away from where a quotient jumps
    for (const auto &row : BINARY)
        test_op<T>(row.name, row.op, type, tolerance, {a, b}, row.formula);
    test_op<T>("pow", OP_pow, type, tolerance * 2,
               {noise<T>(count, 0.1, 3), noise<T>(count, -3, 3)},
               [](double x, double y) { return std::pow(x, y); });
    for (const auto &row : COMPARISONS)
        test_op<T, uint8_t>(row.name, row.op, type, 0, {a, b}, row.formula);
}

template <class T>
void test_integers(int64_t type, int64_t count) {
    const double least = T(-1) < T(0) ? -20 : 0;
    const auto a = noise<T>(count, 0, 12);
    auto signed_a = noise<T>(count, least, 20), b = noise<T>(count, least, 12);
    for (T &v : b) v = v == T(0) || v == T(-1) ? T(3) : v;
    for (const auto &row : BINARY) {
        const bool may_be_negative = row.op == OP_subtract && least == 0;
        if (row.is_for_integers && !may_be_negative)
            test_op<T>(row.name, row.op, type, 0, {signed_a, b}, row.formula);
    }
    for (const auto &row : COMPARISONS)
        test_op<T, uint8_t>(row.name, row.op, type, 0, {a, noise<T>(count, 0, 12)}, row.formula);
    const auto bits = [](int64_t (*f)(int64_t, int64_t)) {
        return [f](double x, double y) { return double(f(int64_t(x), int64_t(y))); };
    };
    test_op<T>("bit_and", OP_bit_and, type, 0, {signed_a, b},
               bits([](int64_t x, int64_t y) { return x & y; }));
    test_op<T>("bit_or", OP_bit_or, type, 0, {signed_a, b},
               bits([](int64_t x, int64_t y) { return x | y; }));
    test_op<T>("bit_xor", OP_bit_xor, type, 0, {signed_a, b},
               bits([](int64_t x, int64_t y) { return x ^ y; }));
    test_op<T, float>("to_float32", OP_to_float32, type, 0, {signed_a},
                      [](double x, double) { return x; });
    test_op<T, uint8_t>("to_bool", OP_to_bool, type, 0, {a},
                        [](double x, double) { return double(x != 0); });
}

void test_special_values() {
    const float inf = INFINITY, nan = NAN;
    const std::vector<float> x{0.0f,  inf,    -inf, nan,   -nan,  1e-40f,
                               3e38f, -3e38f, 1.0f, -1.0f, 88.9f, -120.0f};
    for (const auto &row : UNARY) {
        if (row.op == OP_tan || row.op == OP_sin || row.op == OP_cos)
            continue;  // the C library's own
        const auto f = row.formula;
        for (float v : x) {  // alone, so that no larger value hides it
            if (row.op == OP_softplus && std::isnan(v))
                continue;  // fmax would hide it in the formula
            const bool may_underflow = std::fabs(f(v)) < 1.2e-38 && f(v) != 0;
            if (may_underflow) continue;
            test_op<float>(row.name, row.op, FLOAT32, 1e-6, {{v}},
                           [f](double value, double) { return double(float(f(value))); });
        }
    }
}

// y = where(x < scalar, x * periodic + 2.5, repeated - strided) and z = y * y: every kind of
// operand, results of two outputs, and more elements than a task takes. `kernel` is elementwise, or update,
// which computes the same of such numbers.
void test_chain(const char *kernel) {
    for (int64_t rows : {1, 4, 700}) {
        const int64_t columns = 37, count = rows * columns;
        const auto x = noise(count), scalar = noise(1), periodic = noise(columns),
                   repeated = noise(rows), table = noise(count);
        // the table is (columns, rows), read across
        const std::vector<Operand> inputs{
            {FULL, FLOAT32, 4, 0, 0, 0, {}},
            {SCALAR, FLOAT32, 4, 1, 0, 0, {}},
            {PERIODIC, FLOAT32, 4, 2, 1, columns, {}},
            {CONSTANT, FLOAT32, 4, 0, 2, 0, {}},
            {REPEATED, FLOAT32, 4, 3, 3, columns, {}},
            {STRIDED, FLOAT32, 4, 4, 4, 2, {rows, columns, 1, rows}},
        };
        const int64_t first = -1 - int64_t(inputs.size()), second = first - 1;
        const std::vector<Step> steps{
            {OP_less, FLOAT32, 5, {-1, 0}},        {OP_multiply, FLOAT32, 6, {-1, 1}},
            {OP_add, FLOAT32, 6, {6, 2}},          {OP_subtract, FLOAT32, 7, {3, 4}},
            {OP_where, FLOAT32, first, {5, 6, 7}}, {OP_square, FLOAT32, second, {first}},
        };
        Test test{text_of("%s over %d rows", kernel, int(rows)),
                  kernel,
                  program(count, 8, inputs, 5, {4, 4}, steps),
                  {2.5},
                  {Array::of(x), Array::of(scalar), Array::of(periodic), Array::of(repeated),
                   Array::of(table)},
                  {Array::empty<float>(count), Array::empty<float>(count)}};
        test.run();
        std::vector<double> y, z;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t r = i / columns, c = i % columns;
            const double v = x[size_t(i)];
            y.push_back(v < scalar[0] ? v * periodic[size_t(c)] + 2.5
                                      : double(repeated[size_t(r)]) - table[size_t(c * rows + r)]);
            z.push_back(y.back() * y.back());
        }
        expect_close(test.name, test.result<float>(), y, 2e-7);
        expect_close(test.name, test.result<float>(1), z, 4e-7);
    }
}

}  // namespace

void test_elementwise() {
    for (int64_t count : {1, 3, 7, 37, 5003}) {
        test_floats<float>(FLOAT32, count);
        test_floats<double>(FLOAT64, count);
        test_integers<int32_t>(INT32, count);
        test_integers<int64_t>(INT64, count);
        test_integers<uint8_t>(UINT8, count);
    }
    test_special_values();
    test_op<float, int32_t>("to_int32", OP_to_int32, FLOAT32, 0, {noise(1001, -99, 99)},
                            [](double x, double) { return std::trunc(x); });
    test_op<float, double>("to_float64", OP_to_float64, FLOAT32, 0, {noise(1001)},
                           [](double x, double) { return x; });
    test_op<uint8_t>("logical_not", OP_logical_not, BOOL, 0, {{1, 0, 1}},
                     [](double x, double) { return double(!x); });
}

void test_chains() {
    test_chain("elementwise");
    test_chain("update");
}
