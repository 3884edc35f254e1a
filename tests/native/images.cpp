// Images picked at other positions, against a plain loop in double. Memory ends where images end: what
// is read in one go must not go further.
#include "check.h"

namespace {

enum FillMode { CONSTANT, NEAREST, REFLECT, MIRROR, WRAP, GRID_CONSTANT, GRID_WRAP };
const char *const NAMES[] = {"constant", "nearest",       "reflect",  "mirror",
                             "wrap",     "grid-constant", "grid-wrap"};
constexpr double FILL = -2.5;

// Pixel `i` of an axis that goes on for ever; -1 for the fill value. By steps, not by formulas.
int64_t pixel(int64_t i, int64_t size, int mode) {
    while (i < 0 || i >= size) {
        if (mode == GRID_CONSTANT || mode == CONSTANT) return -1;
        if (mode == NEAREST) i = i < 0 ? 0 : size - 1;
        if (mode == REFLECT) i = i < 0 ? -1 - i : 2 * size - 1 - i;
        if (mode == MIRROR) i = size == 1 ? 0 : i < 0 ? -i : 2 * size - 2 - i;
        if (mode == GRID_WRAP) i += i < 0 ? size : -size;
    }
    return i;
}
// The same for a position: only this mode moves between pixels.
double position(double x, int64_t size, int mode) {
    if (mode != WRAP) return x;
    if (size == 1) return 0;
    while (x < 0) x += double(size - 1);
    while (x > double(size - 1)) x -= double(size - 1);
    return x;
}

struct Image {
    int64_t batch, height, width, channels, new_height, new_width;
    int mode;
    bool is_nearest;
};

// The value that one pixel of the result is made of, or where its gradient goes: `visit(index of a
// number of the images, weight)`, with index -1 for the fill value.
template <class Visit>
void visit_taps(const Image &g, const double *a, int64_t n, int64_t i, int64_t j, int64_t channel,
                const Visit &visit) {
    const double depth = a[6] * double(j) + a[7] * double(i) + 1;
    double x = (a[0] * double(j) + a[1] * double(i) + a[2]) / depth;
    double y = (a[3] * double(j) + a[4] * double(i) + a[5]) / depth;
    const bool is_outside =
        x < 0 || y < 0 || x > double(g.width - 1) || y > double(g.height - 1);
    if (g.mode == CONSTANT && is_outside) return visit(int64_t(-1), 1.0);
    x = position(x, g.width, g.mode);
    y = position(y, g.height, g.mode);
    const double left = std::floor(g.is_nearest ? x + 0.5 : x);
    const double top = std::floor(g.is_nearest ? y + 0.5 : y);
    for (int tap = 0; tap < (g.is_nearest ? 1 : 4); ++tap) {
        const double after = tap % 2 ? x - left : 1 - (x - left);
        const double below = tap / 2 ? y - top : 1 - (y - top);
        const double weight = g.is_nearest ? 1 : after * below;
        const int mode = g.mode == CONSTANT || g.mode == WRAP ? int(NEAREST) : g.mode;
        const int64_t column = pixel(int64_t(left) + tap % 2, g.width, mode);
        const int64_t row = pixel(int64_t(top) + tap / 2, g.height, mode);
        const int64_t at = ((n * g.height + row) * g.width + column) * g.channels + channel;
        visit(row < 0 || column < 0 ? int64_t(-1) : at, weight);
    }
}

template <class In, class T>
void test_image(const Image &g, int64_t type) {
    const std::string name = text_of("%s%s %d x %d x %d", NAMES[g.mode],
                                     g.is_nearest ? " nearest" : "", int(g.height), int(g.width),
                                     int(g.channels));
    const int64_t size = g.batch * g.height * g.width * g.channels;
    const auto x = noise<In>(size, 0, 255);
    std::vector<double> maps;
    for (int64_t n = 0; n < g.batch; ++n)
        for (double v : {0.8 + 0.1 * double(n), 0.3, -1.7, -0.2, 0.9, 0.6, 0.001, -0.002})
            maps.push_back(v + noise<double>(1, 0, 0.01)[0]);
    const int64_t count = g.batch * g.new_height * g.new_width * g.channels;
    const auto flow = noise<T>(count);
    std::vector<double> seen(size_t(count), 0), back(size_t(size), 0);
    for (int64_t k = 0; k < count; ++k) {
        const int64_t pixels = k / g.channels, j = pixels % g.new_width;
        const int64_t i = pixels / g.new_width % g.new_height, n = pixels / g.new_width / g.new_height;
        visit_taps(g, maps.data() + n * 8, n, i, j, k % g.channels, [&](int64_t at, double weight) {
            seen[size_t(k)] += weight * (at < 0 ? FILL : double(x[size_t(at)]));
            if (at >= 0) back[size_t(at)] += weight * double(flow[size_t(k)]);
        });
    }
    std::vector<int64_t> ints{g.mode,      g.is_nearest, g.batch,     g.height, g.width, g.channels,
                              g.new_height, g.new_width, g.batch, 0, 1, 0, type,
                              sizeof(T) == 4 ? 0 : 1};
    Test test{"warp " + name, "warp", ints, {},
              {Array::of(x), Array::of(maps), Array::of(std::vector<T>{T(FILL)})},
              {Array::empty<T>(count)}};
    test.run();
    expect_close(test.name, test.result<T>(), seen, sizeof(T) == 4 ? 1e-6 : 1e-12);
    if (sizeof(In) == 1) return;
    ints[12] = sizeof(T) == 4 ? 0 : 1;
    Test gradient{"warp_gradient " + name, "warp_gradient", ints, {},
                  {Array::of(flow), Array::of(maps)}, {Array::empty<T>(size)}};
    gradient.run();
    expect_close(gradient.name, gradient.result<T>(), back, sizeof(T) == 4 ? 1e-5 : 1e-12);
}

// Windows -----------------------------------------------------------------------------------------

std::vector<double> window(double sigma, int64_t radius) {
    std::vector<double> weights;
    double sum = 0;
    for (int64_t k = -radius; k <= radius; ++k) {
        weights.push_back(std::exp(-double(k * k) / (2 * sigma * sigma)));
        sum += weights.back();
    }
    for (double &weight : weights) weight /= sum;
    return weights;
}
std::vector<int32_t> entries(int64_t size, int64_t radius, int mode) {
    std::vector<int32_t> made;
    for (int64_t i = -radius; i < size + radius; ++i) made.push_back(int32_t(pixel(i, size, mode)));
    return made;
}

template <class T>
void test_blur(int64_t batch, int64_t height, int64_t width, int64_t channels, int64_t down,
               int64_t along, int mode) {
    const double sigma_down = 1.5, sigma_along = 2.25;
    const int64_t n = width * channels, size = batch * height * n;
    const auto x = noise<T>(size);
    const auto rows = entries(height, down, mode), columns = entries(width, along, mode);
    const auto below = window(sigma_down, down), after = window(sigma_along, along);
    std::vector<double> middle(size_t(size), 0), wanted(middle), matrix(size_t(width * width), 0);
    for (int64_t at = 0; at < size; ++at) {
        const int64_t b = at / n / height, i = at / n % height;
        for (int64_t k = 0; k <= 2 * down; ++k)
            if (const int64_t row = rows[size_t(i + k)]; row >= 0)
                middle[size_t(at)] +=
                    below[size_t(k)] * double(x[size_t((b * height + row) * n + at % n)]);
    }
    for (int64_t at = 0; at < size; ++at)
        for (int64_t k = 0; k <= 2 * along; ++k)
            if (const int64_t j = columns[size_t(at % n / channels + k)]; j >= 0)
                wanted[size_t(at)] +=
                    after[size_t(k)] * middle[size_t(at / n * n + j * channels + at % channels)];
    for (int64_t i = 0; i < width; ++i)
        for (int64_t k = 0; k <= 2 * along; ++k)
            if (const int64_t j = columns[size_t(i + k)]; j >= 0)
                matrix[size_t(i * width + j)] += after[size_t(k)];
    const std::string sizes = text_of("%s %d x %d x %d x %d", NAMES[mode], int(batch), int(height),
                                      int(width), int(channels));
    const int64_t type = sizeof(T) == 4 ? 0 : 1;
    const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
    const auto number = [](double value) { return Array::of(std::vector<T>{T(value)}); };
    Test blur{"gaussian_blur " + sizes, "gaussian_blur",
              {type, batch, height, width, channels, 2 * down + 1, 2 * along + 1}, {},
              {Array::of(x), number(sigma_down), number(sigma_along), Array::of(rows),
               Array::of(columns)},
              {Array::empty<T>(size)}};
    blur.run();
    expect_close(blur.name, blur.result<T>(), wanted, tolerance);
    Test weights{"blur_matrix " + sizes, "blur_matrix", {type, width, 2 * along + 1}, {},
                 {number(sigma_along), Array::of(columns)}, {Array::empty<T>(width * width)}};
    weights.run();
    expect_close(weights.name, weights.result<T>(), matrix, tolerance);
}

}  // namespace

void test_images() {
    for (int mode : {int(NEAREST), int(REFLECT), int(MIRROR), int(GRID_CONSTANT), int(GRID_WRAP)}) {
        test_blur<float>(2, 7, 33, 2, 3, 5, mode);
        test_blur<float>(1, 40, 130, 3, 9, 20, mode);
        test_blur<double>(2, 3, 2, 1, 7, 0, mode);
        test_blur<double>(1, 1, 17, 5, 0, 4, mode);
    }
    constexpr int64_t FLOAT = 0, DOUBLE = 1, BYTE = 5;
    const std::pair<int, int> sizes[] = {{1, 1}, {1, 3}, {4, 1}, {2, 2}};
    for (int mode = CONSTANT; mode <= GRID_WRAP; ++mode)
        for (bool is_nearest : {false, true})
            for (int64_t channels : {1, 2, 3, 4, 5}) {
                const Image large{2, 9, 11, channels, 10, 133, mode, is_nearest};
                test_image<uint8_t, float>(large, BYTE);
                test_image<float, float>(large, FLOAT);
                test_image<double, double>(large, DOUBLE);
                for (const auto &[height, width] : sizes) {
                    const Image small{1, height, width, channels, 5, 6, mode, is_nearest};
                    test_image<uint8_t, float>(small, BYTE);
                    test_image<float, float>(small, FLOAT);
                }
            }
}
