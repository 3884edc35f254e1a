// The gradient of a convolution in its kernel, by the transposed algorithm of winograd.h:
//
//   dg = G' [ sum over tiles of (B' d B) * (A dy A') ] G
//
// At each point the sum is a matrix product (in x tiles) times (tiles x out). Layouts:
//   V  [point][in / VL][tile][VL]    inputs, transformed
//   D  [point][panel][tile][NR]      gradients of the outputs, transformed
//   S  [block of GROUP rows and a panel of NR columns][point][GROUP][NR]     sums
#include "winograd.h"

namespace {

constexpr int GROUP = NR;                  // rows of a block of S: two vectors of `in`
// Rows of the micro-kernel: with two vectors, half the registers are sums. They lie in one vector.
constexpr int MR = REGISTERS / 4 < VL ? REGISTERS / 4 : VL;
static_assert(VL % MR == 0, "a vector holds whole blocks of rows");

// s[i][j] (+)= sum over tiles of v[tile * VL + i] * d[tile][j], i < MR, j < NV * VL.
template <int NV>
__attribute__((noinline)) void multiply_tiles(const float *v, const float *d, int64_t tiles, float *s,
                                              bool accumulate) {
    vf sum[MR][NV];
    UNROLL for (int i = 0; i < MR; ++i) UNROLL for (int j = 0; j < NV; ++j)
        sum[i][j] = accumulate ? load(s + i * NR + j * VL) : vf{};
    for (int64_t t = 0; t < tiles; ++t, v += VL, d += NV * VL) {
        vf column[NV];
        UNROLL for (int j = 0; j < NV; ++j) column[j] = load(d + j * VL);
        UNROLL for (int i = 0; i < MR; ++i) {
            const vf x = splat(v[i]);
            UNROLL for (int j = 0; j < NV; ++j) sum[i][j] += x * column[j];
        }
    }
    UNROLL for (int i = 0; i < MR; ++i) UNROLL for (int j = 0; j < NV; ++j)
        store(s + i * NR + j * VL, sum[i][j]);
}

// How the tiles are cut.
struct Blocking {
    int64_t span;      // tiles whose V and D are made at once
    int64_t partials;  // sums over as many equal parts of the tiles, one task each, added at the end;
                       // 0: one sum, whose blocks are tasks, over spans that all threads transform
};

constexpr int64_t MIN_WORK = 1 << 20;       // multiplications of a task, about 20 us
constexpr int64_t MIN_TASKS = 8;            // keep a few threads evenly busy
constexpr int64_t MAX_PARTIALS = 16;
constexpr int64_t MIN_PART = 64;            // tiles that are worth the adding of one more S
constexpr int64_t PRIVATE_SUM = 640 << 10;  // bytes of S that, with so many of V and D, a task keeps in
constexpr int64_t PRIVATE_SPAN = 520 << 10; // its second-level cache for the most part
constexpr int64_t SHARED_SPAN = 8 << 20;    // bytes of V and D that stay in the last-level cache
constexpr int64_t VECTORS_PER_TASK = 256;   // to transform: about 20 us

struct KernelGradient {
    Layer l;
    const float *images, *gradients;
    float *kernel;
    Blocking k;
    int64_t v_vector, v_point, d_point;  // steps of V and D, in floats
    int64_t groups, panels;              // blocks of S

    int64_t width(int64_t panel) const { return smaller(NR, round_up(l.out - panel * NR, VL)); }
};

// Partial sums need no barrier while they are made, but S must be small and the tiles many. One sum for
// all takes a large span: S passes through the caches once for each.
template <class W> KernelGradient cut(const int64_t *ints) {
    KernelGradient c{};
    const Layer l = c.l = layer_from<W>(ints);
    c.groups = divide_up(l.in, GROUP);
    c.panels = divide_up(l.out, NR);
    const int64_t sum_bytes = W::POINTS * l.in * l.out * int64_t(sizeof(float));
    const int64_t tile_bytes =
        W::POINTS * (round_up(l.in, VL) + round_up(l.out, VL)) * int64_t(sizeof(float));
    const int64_t tiles = greater(1, l.tiles);
    const int64_t tasks = greater(1, W::POINTS * l.in * l.out * tiles / MIN_WORK);
    const int64_t partials = greater(1, smaller(smaller(tasks, MAX_PARTIALS), tiles / MIN_PART));
    const bool is_private = sum_bytes <= PRIVATE_SUM && partials >= smaller(tasks, MIN_TASKS);
    c.k.partials = is_private ? partials : 0;
    const int64_t part = is_private ? divide_up(tiles, partials) : tiles;
    const int64_t bytes = is_private ? PRIVATE_SPAN : greater(SHARED_SPAN, sum_bytes);
    const int64_t most = greater(1, bytes / tile_bytes);
    c.k.span = divide_up(part, divide_up(part, most));  // equal spans
    c.v_vector = c.k.span * VL;
    // one vector more: not a multiple of the distance at which addresses share a cache set
    c.v_point = divide_up(l.in, VL) * c.v_vector + VL;
    c.d_point = divide_up(l.out, VL) * c.v_vector + VL;
    return c;
}

// Tiles t0 .. t1 to V and D, whose first tile is `origin`.
template <class W>
void transform_tiles(const KernelGradient &c, int64_t origin, int64_t t0, int64_t t1, float *v, float *d) {
    for (int64_t t = t0; t < t1; ++t) {
        transform_images<W>(c.l, c.images, t, v + (t - origin) * VL, c.v_point, c.v_vector);
        transform_gradients<W>(c.l, c.gradients, t, c.d_point, [&](int64_t n) {
            const int64_t panel = n / NR;
            return d + panel * c.k.span * NR + (t - origin) * c.width(panel) + n % NR;
        });
    }
}

// Adds the products of so many tiles to a block of S.
template <class W>
void multiply_block(const KernelGradient &c, int64_t group, int64_t panel, const float *v, const float *d,
                    int64_t tiles, float *s, bool accumulate) {
    const auto multiply = c.width(panel) > VL ? multiply_tiles<2> : multiply_tiles<1>;
    v += group * (GROUP / VL) * c.v_vector;
    d += panel * c.k.span * NR;
    const int64_t rows = smaller(GROUP, round_up(c.l.in - group * GROUP, MR));
    for (int64_t point = 0; point < W::POINTS; ++point, v += c.v_point, d += c.d_point, s += GROUP * NR)
        for (int64_t i = 0; i < rows; i += MR)
            multiply(v + i / VL * c.v_vector + i % VL, d, tiles, s + i * NR, accumulate);
}

// The kernel's gradients from a block of S, the sum of `count` partials.
template <class W>
void transform_block(const KernelGradient &c, int64_t group, int64_t panel, const float *s, int64_t count,
                     int64_t partial_step) {
    constexpr int N = W::SIDE, R = W::R;
    const Layer &l = c.l;
    const int64_t rows = smaller(GROUP, l.in - group * GROUP), width = c.width(panel);
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < width; j += VL) {
            const float *first = s + i * NR + j;
            const int64_t n = panel * NR + j;
            float *to = c.kernel + (group * GROUP + i) * l.out + n;
            both_axes<N, R>(
                [](const vf *u, vf *g) { W::kernel_adjoint(u, g); },
                [&](int a, int b) {
                    const float *point = first + (a * N + b) * GROUP * NR;
                    vf sum = load(point);
                    for (int64_t p = 1; p < count; ++p) sum += load(point + p * partial_step);
                    return sum;
                },
                [&](int a, int b, vf v) { store_first(to + (a * R + b) * l.in * l.out, v, l.out - n); });
        }
}

template <class W> constexpr int64_t BLOCK_FLOATS = W::POINTS * GROUP * NR;

template <class W> void sum_privately(Call *call, const KernelGradient &c) {
    float *sums = (float *)call->workspace;
    const int64_t blocks = c.groups * c.panels, sum_floats = blocks * BLOCK_FLOATS<W>;
    const int64_t v_floats = W::POINTS * c.v_point, d_floats = W::POINTS * c.d_point;
    const int64_t part = divide_up(c.l.tiles, c.k.partials), partials = divide_up(c.l.tiles, part);
    parallel(call, partials, sizeof(float) * size_t(v_floats + d_floats), [&](int64_t task, char *scratch) {
        float *v = (float *)scratch, *d = v + v_floats, *s = sums + task * sum_floats;
        const int64_t first = task * part, end = smaller(c.l.tiles, first + part);
        for (int64_t t0 = first; t0 < end; t0 += c.k.span) {
            const int64_t t1 = smaller(end, t0 + c.k.span);
            transform_tiles<W>(c, t0, t0, t1, v, d);
            for (int64_t b = 0; b < blocks; ++b)
                multiply_block<W>(c, b / c.panels, b % c.panels, v, d, t1 - t0, s + b * BLOCK_FLOATS<W>,
                                  t0 > first);
        }
    });
    parallel(call, blocks, 0, [&](int64_t b, char *) {
        transform_block<W>(c, b / c.panels, b % c.panels, sums + b * BLOCK_FLOATS<W>, partials, sum_floats);
    });
}

template <class W> void sum_together(Call *call, const KernelGradient &c) {
    const int64_t v_floats = W::POINTS * c.v_point, d_floats = W::POINTS * c.d_point;
    float *v = (float *)call->workspace, *d = v + v_floats, *sums = d + d_floats;
    const bool is_one_span = c.k.span >= c.l.tiles;
    const int64_t grain = divide_up(VECTORS_PER_TASK, divide_up(c.l.in, VL) + divide_up(c.l.out, VL));
    for (int64_t first = 0; first < c.l.tiles; first += c.k.span) {
        const int64_t end = smaller(c.l.tiles, first + c.k.span);
        parallel_spans(call, end - first, grain, [&](int64_t t0, int64_t t1) {
            transform_tiles<W>(c, first, first + t0, first + t1, v, d);
        });
        parallel(call, c.groups * c.panels, sizeof(float) * size_t(is_one_span ? BLOCK_FLOATS<W> : 0),
                 [&](int64_t b, char *scratch) {
                     float *s = is_one_span ? (float *)scratch : sums + b * BLOCK_FLOATS<W>;
                     multiply_block<W>(c, b / c.panels, b % c.panels, v, d, end - first, s, first > 0);
                     if (end == c.l.tiles) transform_block<W>(c, b / c.panels, b % c.panels, s, 1, 0);
                 });
    }
}

template <class W> int64_t workspace(const int64_t *ints) {
    const KernelGradient c = cut<W>(ints + 2);
    const int64_t sum = c.groups * c.panels * BLOCK_FLOATS<W>;
    const int64_t transformed = W::POINTS * (c.v_point + c.d_point);
    const int64_t floats =
        c.k.partials ? c.k.partials * sum : transformed + (c.k.span >= c.l.tiles ? 0 : sum);
    return floats * int64_t(sizeof(float));
}

// ints: M, R, batch, height, width, in, out_height, out_width, out, top, left.
// buffers: images, gradients of the outputs, gradients of the kernel (R, R, in, out).
template <class W> void differentiate(Call *call) {
    KernelGradient c = cut<W>(call->ints + 2);
    c.images = (const float *)call->buffers[0];
    c.gradients = (const float *)call->buffers[1];
    c.kernel = (float *)call->buffers[2];
    if (!c.l.tiles) {
        for (int64_t i = 0; i < W::R * W::R * c.l.in * c.l.out; ++i) c.kernel[i] = 0;
    } else if (c.k.partials) {
        sum_privately<W>(call, c);
    } else {
        sum_together<W>(call, c);
    }
}

void run_kernel_gradient(Call *call) {
    with_filter(call->ints, [&](auto w) { differentiate<decltype(w)>(call); });
}
int64_t kernel_gradient_workspace(const int64_t *ints) {
    return with_filter(ints, [&](auto w) { return workspace<decltype(w)>(ints); });
}

}  // namespace

KERNEL_TABLE(winograd_gradient,
             {"winograd_kernel_grad", run_kernel_gradient, kernel_gradient_workspace})
