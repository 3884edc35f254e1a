// Matrix products of any number type, and of batches that stretch along each other's axes; those of
// float32 otherwise have gemm.cpp.
//
// A task has a panel of columns. It copies the panel's part of some rows of y side by side,
// whichever way y lies, and runs down the rows of x with a tile of sums in registers.
#include "../parallel.h"
#include "../types.h"

namespace {

constexpr int TILE_ROWS = 4, TILE_VECTORS = 3;
constexpr int64_t DEPTH = 256;  // rows of a packed panel, which a second-level cache holds easily
constexpr int64_t TASK_ROWS = 64;  // over which a panel's packing is spread

// ints: type, batch, m, n, k, is x transposed, is y transposed.   buffers: x, y, (batch, 2) int64
// where each product's matrices begin, in elements; z (batch, m, n).
struct Product {
    int64_t batch, m, n, k;
    bool transpose_x, transpose_y;

    explicit Product(const int64_t *v)
        : batch(v[1]), m(v[2]), n(v[3]), k(v[4]), transpose_x(v[5]), transpose_y(v[6]) {}
};

template <class T> constexpr int64_t PANEL = TILE_VECTORS * LANES<T>;

// Rows first .. last-1 of y's columns column .. column+width-1; zeros beyond them.
template <class T>
void pack(const Product &p, const T *y, int64_t first, int64_t last, int64_t column, int64_t width,
          T *panel) {
    const int64_t down = p.transpose_y ? 1 : p.n, across = p.transpose_y ? p.k : 1;
    for (int64_t i = first; i < last; ++i, panel += PANEL<T>) {
        const T *row = y + i * down + column * across;
        for (int64_t j = 0; j < width; ++j) panel[j] = row[j * across];
        for (int64_t j = width; j < PANEL<T>; ++j) panel[j] = T(0);
    }
}

// z's ROWS rows from `row` on, plus what the panel gives.
template <class T, int ROWS>
void add_tile(const Product &p, const T *x, int64_t row, int64_t first, int64_t depth,
              const T *panel, T *z, int64_t width) {
    constexpr int L = LANES<T>;
    const int64_t down = p.transpose_x ? 1 : p.k, across = p.transpose_x ? p.m : 1;
    const T *left = x + row * down + first * across;
    Vector<T> sums[ROWS][TILE_VECTORS];
    UNROLL for (int r = 0; r < ROWS; ++r)
        UNROLL for (int c = 0; c < TILE_VECTORS; ++c)
            sums[r][c] = first ? load_first(z + r * p.n + c * L, greater(0, width - c * L))
                               : Vector<T>{};
    for (int64_t i = 0; i < depth; ++i, panel += PANEL<T>)
        UNROLL for (int r = 0; r < ROWS; ++r) {
            const Vector<T> factor = splat(left[r * down + i * across]);
            UNROLL for (int c = 0; c < TILE_VECTORS; ++c)
                sums[r][c] += factor * load(panel + c * L);
        }
    UNROLL for (int r = 0; r < ROWS; ++r)
        UNROLL for (int c = 0; c < TILE_VECTORS; ++c)
            if (width > c * L) store_first(z + r * p.n + c * L, sums[r][c], width - c * L);
}

template <class T> void multiply(Call *call) {
    const Product p(call->ints);
    const T *x = (const T *)call->buffers[0], *y = (const T *)call->buffers[1];
    const int64_t *begins = (const int64_t *)call->buffers[2];
    T *z = (T *)call->buffers[3];
    if (p.k == 0) return (void)__builtin_memset(z, 0, size_t(p.batch * p.m * p.n) * sizeof(T));
    const int64_t panels = divide_up(p.n, PANEL<T>), blocks = divide_up(p.m, TASK_ROWS);
    const size_t scratch_bytes = size_t(smaller(p.k, DEPTH) * PANEL<T>) * sizeof(T);
    parallel(call, p.batch * panels * blocks, scratch_bytes, [&](int64_t task, char *scratch) {
        const int64_t matrix = task / (panels * blocks), column = task / blocks % panels * PANEL<T>;
        const int64_t begin = task % blocks * TASK_ROWS, end = smaller(p.m, begin + TASK_ROWS);
        const int64_t width = smaller(PANEL<T>, p.n - column);
        T *panel = (T *)scratch, *result = z + matrix * p.m * p.n + column;
        const T *left = x + begins[2 * matrix], *right = y + begins[2 * matrix + 1];
        for (int64_t first = 0; first < p.k; first += DEPTH) {
            const int64_t depth = smaller(DEPTH, p.k - first);
            pack(p, right, first, first + depth, column, width, panel);
            int64_t row = begin;
            for (; row + TILE_ROWS <= end; row += TILE_ROWS)
                add_tile<T, TILE_ROWS>(p, left, row, first, depth, panel, result + row * p.n,
                                       width);
            for (; row < end; ++row)
                add_tile<T, 1>(p, left, row, first, depth, panel, result + row * p.n, width);
        }
    });
}
void product(Call *call) {
    const int64_t *v = call->ints;
    if (v[1] * v[2] * v[3] == 0) return;
    by_number(v[0], [&](auto type) { multiply<TypeOf<decltype(type)>>(call); });
}

}  // namespace

KERNEL_TABLE(product, {"product", product, nullptr})
