// Special functions of one double: the logarithm of the gamma function and its derivatives, and the
// quantile of the normal distribution.
//
// The methods are those of core/ops/gamma.py and error_function.py, by formula numbers of Abramowitz
// and Stegun, "Handbook of Mathematical Functions", 1964; relative errors are a few units in the last
// place. float32 is computed in double and rounded once.
#pragma once
#include "../vec.h"

namespace {

constexpr double PI = 3.14159265358979323846, EULER = 0.57721566490153286061;

// The coefficients of a polynomial, highest power first.
template <int N> struct Coefficients {
    double c[N];
};
template <int N> INLINE double polynomial(const Coefficients<N> &p, double x) {
    double value = p.c[0];
    for (int i = 1; i < N; ++i) value = value * x + p.c[i];
    return value;
}
INLINE double whole_power(double x, int n) {  // n >= 1, by squaring
    double result = 1;
    for (; n; n >>= 1, x *= x)
        if (n & 1) result *= x;
    return result;
}

// The Bernoulli numbers B(2), B(4) … B(20) (table 23.2).
constexpr int BERNOULLIS = 10;
constexpr double BERNOULLI[BERNOULLIS] = {
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510,
    43867.0 / 798, -174611.0 / 330};

// zeta(k) - 1 for k = 2 … 28 (table 23.3).
constexpr int ZETAS = 27;
constexpr double ZETA[ZETAS] = {
    0.64493406684822643647, 0.2020569031595942854, 0.082323233711138191516,
    0.036927755143369926331, 0.017343061984449139715, 0.0083492773819228268398,
    0.0040773561979443393787, 0.0020083928260822144179, 9.9457512781808533715e-4,
    4.941886041194645587e-4, 2.4608655330804829864e-4, 1.2271334757848914675e-4,
    6.1248135058704829259e-5, 3.0588236307020493552e-5, 1.5282259408651871733e-5,
    7.6371976378997622736e-6, 3.8172932649998398565e-6, 1.9082127165539389257e-6,
    9.5396203387279611315e-7, 4.7693298678780646312e-7, 2.3845050272773299e-7,
    1.1921992596531107307e-7, 5.9608189051259479612e-8, 2.9803503514652280186e-8,
    1.4901554828365041235e-8, 7.450711789835429492e-9, 3.7253340247884570548e-9};

// lgamma --------------------------------------------------------------------------------------------

// lgamma(2 + z) / z = 1 - Euler + sum of (-1)^k (zeta(k) - 1) z^(k-1) / k (6.1.33), to 1e-17 for
// |z| <= 1/2.
constexpr Coefficients<ZETAS + 1> series_around_two() {
    Coefficients<ZETAS + 1> p{};
    for (int k = 2; k <= ZETAS + 1; ++k)
        p.c[ZETAS + 1 - k] = (k % 2 ? -1 : 1) * ZETA[k - 2] / k;
    p.c[ZETAS] = 1 - EULER;
    return p;
}
constexpr auto AROUND_TWO = series_around_two();

// (lgamma(x) - (x - 1/2) log x + x - log(2 pi)/2) x in powers of 1/x² (6.1.41).
constexpr Coefficients<BERNOULLIS> stirlings_series() {
    Coefficients<BERNOULLIS> p{};
    for (int j = 1; j <= BERNOULLIS; ++j)
        p.c[BERNOULLIS - j] = BERNOULLI[j - 1] / (2 * j * (2 * j - 1));
    return p;
}
constexpr auto STIRLING = stirlings_series();
constexpr double STIRLING_FROM = 8.5;  // where the series is exact to 1e-17

// lgamma of 0 <= x < 8.5, by lgamma(x + 1) = lgamma(x) + log x (6.1.15).
INLINE double lgamma_around_two(double x) {
    double factor = 1;
    while (x > 2.5) factor *= --x;
    if (x < 0.5) return x * polynomial(AROUND_TWO, x) - __builtin_log(x + x * x);
    if (x < 1.5) return (x - 1) * polynomial(AROUND_TWO, x - 1) - __builtin_log(x);
    return (x - 2) * polynomial(AROUND_TWO, x - 2) + __builtin_log(factor);
}

// In this order the sum neither cancels nor overflows too early.
INLINE double lgamma_by_stirling(double x) {
    constexpr double HALF_LOG_TWO_PI = 0.91893853320467274178;
    const double correction = polynomial(STIRLING, 1 / (x * x)) / x;
    return (x - 0.5) * (__builtin_log(x) - 1) + (HALF_LOG_TWO_PI - 0.5 + correction);
}

// log |gamma(x)|; below 0 by 6.1.17, whose terms subtract.
double log_gamma(double x) {
    const double size = __builtin_fabs(x);
    const double above = size < STIRLING_FROM ? lgamma_around_two(size) : lgamma_by_stirling(size);
    if (!(x < 0)) return above;
    if (size == __builtin_inf()) return size;
    const double sine = __builtin_fabs(__builtin_sin(PI * (x - __builtin_rint(x))));
    return -__builtin_log(sine / PI) - __builtin_log(size) - above;
}

// Its derivatives -----------------------------------------------------------------------------------

// The zero of digamma, and the same as a sum: x less the parts in turn is exact nearby.
constexpr double DIGAMMA_ZERO = 1.4616321449683622;
constexpr double ZERO_PARTS[3] = {1.4616321325302124, 1.2438149843418955e-8, 9.5499954299656977e-17};
constexpr int SHIFT = 10;  // the asymptotic series begins at x + 10, there to 1e-17

// (p(u) - p(v)) / (u - v) in powers of u, where p(u) = sum of B(2j) / 2j u^j and v = (zero + 10)^-2.
constexpr Coefficients<BERNOULLIS> divided_differences() {
    constexpr double v = 1 / ((DIGAMMA_ZERO + SHIFT) * (DIGAMMA_ZERO + SHIFT));
    Coefficients<BERNOULLIS> p{};
    double quotient = 0;
    for (int j = BERNOULLIS; j > 0; --j)
        p.c[BERNOULLIS - j] = quotient = BERNOULLI[j - 1] / (2 * j) + v * quotient;
    return p;
}
constexpr auto DIFFERENCES = divided_differences();

// digamma(x) - digamma(its zero) for x >= 0: the recurrence 6.3.6 ten times and the series 6.3.18, of
// both. Each term has the factor x - zero, so nothing cancels where the function is small.
INLINE double digamma_above_zero(double x) {
    if (x == __builtin_inf()) return x;
    const double above = ((x - ZERO_PARTS[0]) - ZERO_PARTS[1]) - ZERO_PARTS[2];
    double total = 0;
    for (int k = 0; k < SHIFT; ++k) total += 1 / (DIGAMMA_ZERO + k) / (x + k);
    constexpr double zero = DIGAMMA_ZERO + SHIFT;
    const double inverse = 1 / (x + SHIFT), series = polynomial(DIFFERENCES, inverse * inverse);
    total += inverse * (0.5 / zero + (1 + zero * inverse) / (zero * zero) * series);
    return above * total + __builtin_log1p(above / zero);
}

// Derivative number `order` >= 1 of digamma at x >= 0, up to its sign (-1)^(order + 1): the recurrence
// 6.4.6 and the series 6.4.11, divided by order!; all terms of weight are positive.
INLINE double derivative_above_zero(int order, double x) {
    const int shift = SHIFT + order;
    double total = 0, factorial = 1;
    for (int k = 0; k < shift; ++k) total += whole_power(1 / (x + k), order + 1);
    for (int k = 2; k <= order; ++k) factorial *= k;
    const double inverse = 1 / (x + shift), square = inverse * inverse;
    // B(2j) (2j + order - 1)! / ((2j)! (order - 1)! order) of each power 2j
    double series = 0, weight = square;
    for (int j = 1; j <= BERNOULLIS; ++j, weight *= square) {
        weight *= double(2 * j + order - 2) * (2 * j + order - 1) / ((2 * j - 1) * (2 * j));
        series += BERNOULLI[j - 1] * weight;
    }
    const double tail = (1 + series) / order + inverse / 2;
    return factorial * (total + whole_power(inverse, order) * tail);
}

// Derivative number `order` of cot t, where c = cot t: it is a polynomial of c.
INLINE double cotangent_derivative(int order, double c) {
    constexpr int MOST = 40;
    double p[MOST + 2] = {0, 1};  // lowest power first
    for (int n = 0, degree = 1; n < order; ++n, ++degree) {  // p' becomes -(1 + c²) p'
        double next[MOST + 2] = {};
        for (int k = 1; k <= degree; ++k) {
            next[k - 1] -= k * p[k];
            next[k + 1] -= k * p[k];
        }
        for (int k = 0; k <= degree + 1; ++k) p[k] = next[k];
    }
    double value = p[order + 1];
    for (int k = order; k >= 0; --k) value = value * c + p[k];
    return value;
}

// Derivative number `order`, 0 … 30, of digamma; below 0 by the reflection 6.4.7. At a pole whose
// sides differ it is NaN.
double polygamma(int order, double x) {
    const double sign = order % 2 ? -1 : 1, positive = x < 0 ? 1 - x : x;
    const double above = order == 0 ? digamma_above_zero(positive)
                                    : -sign * derivative_above_zero(order, positive);
    if (!(x < 0)) return above;
    const double fraction = x - __builtin_rint(x);
    if (fraction == 0) return order % 2 ? __builtin_inf() : __builtin_nan("");
    const double slope = cotangent_derivative(order, 1 / __builtin_tan(PI * fraction));
    return sign * above - whole_power(PI, order + 1) * slope;
}

// The quantile of the normal distribution -----------------------------------------------------------

// Wichura, "Algorithm AS 241: The percentage points of the normal distribution", 1988: PPND16. Three
// quotients of polynomials: in the middle of r = 0.180625 - (u - 1/2)², beyond of sqrt(-log u).
struct Quotient {
    Coefficients<8> above, below;
};
constexpr Quotient CENTRE = {
    {{2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
      4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
      1.3314166789178437745e2, 3.3871328727963666080}},
    {{5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
      2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
      4.2313330701600911252e1, 1.0}}};
constexpr Quotient MIDDLE = {
    {{7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
      1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
      4.63033784615654529590, 1.42343711074968357734}},
    {{1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
      1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
      2.05319162663775882187, 1.0}}};
constexpr Quotient TAIL = {
    {{2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
      2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
      5.46378491116411436990, 6.65790464350110377720}},
    {{2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
      7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
      5.99832206555887937690e-1, 1.0}}};
constexpr double CENTRE_HALF = 0.425;  // |u - 1/2| up to which the first one holds

INLINE double quantile_of_centre(double centred) {
    const double r = 0.180625 - centred * centred;
    return centred * polynomial(CENTRE.above, r) / polynomial(CENTRE.below, r);
}
INLINE double quantile_of_tail(double centred, double smaller_part) {
    const double tail = __builtin_sqrt(-__builtin_log(smaller_part));
    const bool is_near = tail <= 5.0;
    const Quotient &q = is_near ? MIDDLE : TAIL;
    const double at = tail - (is_near ? 1.6 : 5.0);
    double x = polynomial(q.above, at) / polynomial(q.below, at);
    if (smaller_part == 0) x = __builtin_inf();
    return centred < 0 ? -x : x;
}

// Where the distribution function is u, from u - 1/2 and min(u, 1 - u); NaN outside of 0 … 1.
INLINE double normal_quantile(double centred, double smaller_part) {
    if (__builtin_fabs(centred) <= CENTRE_HALF) return quantile_of_centre(centred);
    return quantile_of_tail(centred, smaller_part);
}
INLINE double ndtri(double p) { return normal_quantile(p - 0.5, p < 1 - p ? p : 1 - p); }
INLINE double erfinv(double x) {
    constexpr double ROOT_HALF = 0.70710678118654752440;
    return ROOT_HALF * normal_quantile(0.5 * x, 0.5 * (1 - __builtin_fabs(x)));
}

}  // namespace
