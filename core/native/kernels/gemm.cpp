// Matrix products, float32:  C[b] = activation(op(A[b]) op(B[b]) + bias), where the bias is a row, or
// as large as C.
//
// Two algorithms, chosen by the shape:
// * tiles: a task owns a block of C. It packs the pieces of B that it needs into its own scratch, and
//   those of A where they cannot be read as they lie, so that the micro-kernel reads in order and
//   two rows never fight for one cache set; tasks share nothing and need no barrier.
// * streaming, for a few rows times a large B: every element of B is used only that often, so the
//   time is that of reading B once. Rows of B are read in order over many columns, as memory likes
//   it, and the sums stay in the first-level cache. Where there are very many rows, tasks are pieces
//   of them, and their sums are added up at the end.
// A B that many products share, such as a weight in a loop, is packed once beforehand.
#include "../parallel.h"
#include "../tile.h"

namespace {

// ints: batch, M, N, K, transpose_a, layout_b (1: transposed, 2: one matrix as pack_matrix left it),
// stride_a, stride_b (elements from one matrix of the batch to the next, 0 to use one for all),
// bias (0: none, 1: a row, 2: a matrix of the batch's size), activation.   buffers: A, B, (bias,) C.
struct Product {
    int64_t batch, m, n, k;
    bool transpose_a, transpose_b;
    int64_t stride_a, stride_b;
    const float *a, *b, *bias;
    float *c;
    Activation activation;
    bool is_packed;
    int64_t bias_row, bias_matrix;  // elements from one row's, one matrix's bias to the next
};

// Steps of a block. KC * NR floats of B are 24 KB for AVX2 and fit the first-level cache; the 48 KB for
// AVX-512 come from the second, but 192 and 256 steps were slower.
constexpr int64_t KC = 384;
constexpr int64_t ROWS = 12 * 14;  // of a task's block: with KC, 256 KB of A
constexpr int64_t COLUMNS = 256;   // of a task's block: with KC, 384 KB of B
constexpr int64_t MIN_WORK = 1 << 19;  // multiplications of a task: less is not worth another thread
constexpr int64_t PACK_AHEAD = 12;  // rows: a processor does not foresee pieces far apart
constexpr int64_t ROW_PAD = 16;    // keeps the rows of packed A out of one another's cache sets

// Columns n0 .. n0+NR of B's rows k0 .. k0+kc, one row after another; zeros beyond B.
void pack_panel(const Product &p, const float *b, int64_t k0, int64_t kc, int64_t n0, float *panel) {
    const int64_t columns = smaller(NR, p.n - n0);
    if (!p.transpose_b) {
        for (int64_t k = 0; k < kc; ++k) {
            const float *row = b + (k0 + k) * p.n + n0;
            for (int j = 0; j < NV_MAX; ++j)
                __builtin_prefetch(row + PACK_AHEAD * p.n + j * VL, 0, 3);
            for (int j = 0; j < NV_MAX; ++j)
                store(panel + k * NR + j * VL,
                      load_first(row + smaller(j * VL, columns), greater(0, smaller(VL, columns - j * VL))));
        }
        return;
    }
    for (int64_t j0 = 0; j0 < NR; j0 += VL)
        for (int64_t k = 0; k < kc; k += VL)
            transpose_block(b + (n0 + j0) * p.k + k0 + k, p.k, columns - j0, kc - k,
                            panel + k * NR + j0, NR);
}

// Where the micro-kernel finds rows of A.
struct Rows {
    const float *a;
    int64_t row, step;
};

// Rows m0 .. m0+rows of op(A), steps k0 .. k0+kc: packed in `packed`.
Rows pack_rows(const Product &p, const float *a, int64_t m0, int64_t rows, int64_t k0, int64_t kc,
               float *packed) {
    if (!p.transpose_a) {
        for (int64_t i = 0; i < rows; ++i) {
            const float *from = a + (m0 + i) * p.k + k0;
            for (int64_t k = 0; k < kc; k += VL)
                store_first(packed + i * (KC + ROW_PAD) + k, load_first(from + k, kc - k), kc - k);
        }
        return {packed, KC + ROW_PAD, 1};
    }
    for (int64_t k = 0; k < kc; ++k)
        for (int64_t i = 0; i < rows; i += VL)
            store_first(packed + k * MR_MAX + i, load_first(a + (k0 + k) * p.m + m0 + i, rows - i),
                        smaller(rows, MR_MAX) - i);
    return {packed, 1, MR_MAX};
}

int64_t packed_rows_size(int64_t row_blocks) { return row_blocks * MR_MAX * (KC + ROW_PAD); }

// Rows of A are read where they lie, if they are short, or few beside a B that is packed already. No task
// then packs what another has packed, a panel of B is of all steps, and C is written once: 128 rows of
// 784 steps take 13 % less time. Not where rows start a multiple of 4 KB apart: all would fight for
// one cache set.
bool reads_in_place(const Product &p) {
    constexpr int64_t SHORT = 2048;
    const bool is_small = p.k <= SHORT || (p.is_packed && p.m <= 3 * MR_MAX);
    return !p.transpose_a && is_small && p.k % 1024 != 0;
}

// Floats of scratch for a panel of B: of all steps, or of a block of them.
int64_t panel_size(const Product &p) {
    if (p.is_packed) return 0;
    return NR * (reads_in_place(p) ? round_up(p.k, VL) : KC);
}

struct Blocks {
    int64_t rows, columns;  // of a task
    int64_t row_tasks, column_tasks;
};

Blocks cut_into_tasks(const Product &p) {
    const int64_t per_tile = rows_per_tile(p.m);
    int64_t rows = smaller(round_up(p.m, per_tile), ROWS / per_tile * per_tile);
    int64_t columns = smaller(round_up(p.n, NR), COLUMNS);
    const auto tasks = [&] { return p.batch * divide_up(p.m, rows) * divide_up(p.n, columns); };
    // eight tasks keep a few threads evenly busy, where they are not too small; more of them, if
    // they cost nothing, catch up with a thread that wakes late
    const int64_t enough = reads_in_place(p) ? 16 : 8;
    while (tasks() < enough && columns > NR && rows * columns * p.k >= 2 * MIN_WORK)
        columns = round_up(columns / 2, NR);
    while (tasks() < 8 && rows > per_tile && rows * columns * p.k > 2 * MIN_WORK)
        rows = round_up(rows / 2, per_tile);
    return {rows, columns, divide_up(p.m, rows), divide_up(p.n, columns)};
}

void multiply_block(const Product &p, const Blocks &blocks, int64_t task, float *scratch) {
    const int64_t column_task = task % blocks.column_tasks;
    const int64_t row_task = task / blocks.column_tasks % blocks.row_tasks;
    const int64_t matrix = task / blocks.column_tasks / blocks.row_tasks;
    const float *a = p.a + matrix * p.stride_a, *b = p.b + matrix * p.stride_b;
    float *c = p.c + matrix * p.m * p.n;
    const int64_t m0 = row_task * blocks.rows, m1 = smaller(p.m, m0 + blocks.rows);
    const int64_t n0 = column_task * blocks.columns, n1 = smaller(p.n, n0 + blocks.columns);
    const int64_t per_tile = rows_per_tile(p.m), row_blocks = divide_up(m1 - m0, per_tile);
    float *packed_b = scratch, *packed_a = scratch + panel_size(p);
    const int64_t block_size = packed_rows_size(1);
    // matrices that are read where they lie need no blocks to be packed in: C is written once
    const bool in_place = reads_in_place(p);
    const int64_t k_blocks = in_place ? 1 : greater(1, divide_up(p.k, KC));
    const int64_t kc_max = divide_up(p.k, k_blocks);
    for (int64_t k0 = 0; k0 < greater(1, p.k); k0 += greater(1, kc_max)) {
        const int64_t kc = smaller(kc_max, p.k - k0);
        const bool last = k0 + kc >= p.k;
        Rows rows{nullptr, 0, 1};
        if (in_place) rows = {a + m0 * p.k + k0, p.k, 1};
        else for (int64_t i = 0; i < row_blocks; ++i) {
            const int64_t m = m0 + i * per_tile;
            rows = pack_rows(p, a, m, smaller(per_tile, m1 - m), k0, kc, packed_a + i * block_size);
        }
        const float *first_rows = in_place ? rows.a : packed_a;
        const int64_t next_rows = in_place ? per_tile * p.k : block_size;
        for (int64_t n = n0; n < n1; n += NR) {
            const float *panel = b + n * p.k + k0 * NR;  // of a packed B
            if (!p.is_packed) {
                pack_panel(p, b, k0, kc, n, packed_b);
                panel = packed_b;
            }
            for (int64_t i = 0; i < row_blocks; ++i) {
                const int64_t m = m0 + i * per_tile;
                Tile t{first_rows + i * next_rows, rows.row, rows.step, nullptr, 1, kc, panel, NR,
                       c + m * p.n + n, p.n, smaller(NR, n1 - n), k0 > 0,
                       last && p.bias ? p.bias + matrix * p.bias_matrix + m * p.bias_row + n : nullptr,
                       last ? p.activation : NONE, p.bias_row};
                run_tile(t, smaller(per_tile, m1 - m));
            }
        }
    }
}

// Streaming ---------------------------------------------------------------------------------------

constexpr int64_t STREAM_ROWS = 8;
constexpr int64_t STREAM_COLUMNS = 512;  // of a task: 8 rows of sums are 16 KB
// A task reads a piece of each row of B, 2 KB here and 2 KB there: the processor does not foresee
// that. So many rows ahead, memory has time to answer; with 16 and 32 rows, more is on its way than an
// Intel Xeon takes well, and VGG-16's dense layers take 16 and 18 ms instead of 14.
constexpr int64_t AHEAD = 8;

// A piece of B, and the sums over its rows, M rows of them `apart`.
struct Piece {
    int64_t k0, k1, n0, n1;
    float *sums;
    int64_t apart;
};

template <int M> void add_rows(const Product &p, const Piece &t) {
    const int64_t width = t.n1 - t.n0;
    const int64_t last = t.k1 - 1;
    for (int64_t i = 0; i < M; ++i)
        for (int64_t j = 0; j < width; j += VL) store(t.sums + i * t.apart + j, vf{});
    for (int64_t k = t.k0; k < t.k1; k += 4) {
        const int steps = int(smaller(4, t.k1 - k));
        for (int64_t j = 0; j < width; j += VL) {
            const int64_t lanes = width - j;
            UNROLL for (int s = 0; s < 4; ++s)
                __builtin_prefetch(p.b + smaller(k + s + AHEAD, last) * p.n + t.n0 + j, 0, 2);
            vf b[4];
            UNROLL for (int s = 0; s < 4; ++s)
                b[s] = s < steps ? load_first(p.b + (k + s) * p.n + t.n0 + j, lanes) : vf{};
            UNROLL for (int i = 0; i < M; ++i) {
                vf sum = load(t.sums + i * t.apart + j);
                UNROLL for (int s = 0; s < 4; ++s)
                    sum += splat(p.a[i * p.k + k + (s < steps ? s : 0)]) * b[s];
                store(t.sums + i * t.apart + j, sum);
            }
        }
    }
}

void add_rows(const Product &p, const Piece &piece) {
    switch (p.m) {
        case 1: return add_rows<1>(p, piece);
        case 2: return add_rows<2>(p, piece);
        case 3: return add_rows<3>(p, piece);
        case 4: return add_rows<4>(p, piece);
        case 5: return add_rows<5>(p, piece);
        case 6: return add_rows<6>(p, piece);
        case 7: return add_rows<7>(p, piece);
        default: return add_rows<8>(p, piece);
    }
}

// Columns n0 .. n1 of C from the sums of `count` pieces, one after another.
void finish_sums(const Product &p, const float *sums, int64_t count, int64_t apart, int64_t n0,
                 int64_t n1) {
    for (int64_t i = 0; i < p.m; ++i)
        for (int64_t j = 0; j < n1 - n0; j += VL) {
            const int64_t lanes = n1 - n0 - j;
            vf v = load(sums + i * apart + j);
            for (int64_t piece = 1; piece < count; ++piece)
                v += load(sums + (piece * p.m + i) * apart + j);
            if (p.bias) v += load_first(p.bias + i * p.bias_row + n0 + j, lanes);
            if (p.activation == RELU) v = relu<float>(v);
            store_first(p.c + i * p.n + n0 + j, v, lanes);
        }
}

// By columns: a task adds up all of its columns, in its scratch.
void stream_columns(Call *call, const Product &p) {
    const int64_t columns = smaller(STREAM_COLUMNS, greater(64, round_up(divide_up(p.n, 8), 64)));
    parallel(call, divide_up(p.n, columns), STREAM_ROWS * STREAM_COLUMNS * sizeof(float),
             [&](int64_t task, char *scratch) {
                 const int64_t n0 = task * columns, n1 = smaller(p.n, n0 + columns);
                 float *sums = (float *)scratch;
                 add_rows(p, {0, p.k, n0, n1, sums, STREAM_COLUMNS});
                 finish_sums(p, sums, 1, STREAM_COLUMNS, n0, n1);
             });
}

// By rows, where there are many: a task has a piece of them, and as many columns as its sums fit the
// first-level cache for. It reads whole rows of B, or long parts, from the first element to the
// last, which is what memory does best.
struct Pieces {
    static constexpr int64_t COUNT = 8, MIN_ROWS = 256, SUMS = 1 << 13;
    int64_t rows, columns, blocks;  // of a task; of columns
    int64_t apart;                  // from one row of sums to the next, not in the same cache set

    explicit Pieces(const Product &p)
        : rows(round_up(divide_up(p.k, COUNT), 4)),
          columns(smaller(round_up(p.n, VL), SUMS / p.m / VL * VL)), blocks(divide_up(p.n, columns)),
          apart(columns + ROW_PAD) {}
    int64_t block_size(const Product &p) const { return COUNT * p.m * apart; }
};

bool streams_by_rows(const Product &p) { return p.k >= Pieces::COUNT * Pieces::MIN_ROWS; }

void stream_rows(Call *call, const Product &p) {
    const Pieces pieces(p);
    float *sums = (float *)call->workspace;
    parallel(call, Pieces::COUNT * pieces.blocks, 0, [&](int64_t task, char *) {
        const int64_t piece = task / pieces.blocks, block = task % pieces.blocks;
        const int64_t k0 = smaller(p.k, piece * pieces.rows), n0 = block * pieces.columns;
        add_rows(p, {k0, smaller(p.k, k0 + pieces.rows), n0, smaller(p.n, n0 + pieces.columns),
                     sums + block * pieces.block_size(p) + piece * p.m * pieces.apart, pieces.apart});
    });
    for (int64_t block = 0; block < pieces.blocks; ++block) {
        const int64_t n0 = block * pieces.columns;
        finish_sums(p, sums + block * pieces.block_size(p), Pieces::COUNT, pieces.apart, n0,
                    smaller(p.n, n0 + pieces.columns));
    }
}

bool is_streamed(const Product &p) {
    return p.batch == 1 && p.m >= 1 && p.m <= STREAM_ROWS && !p.transpose_b && !p.is_packed &&
           (!p.transpose_a || p.m == 1) && p.k * p.n >= (1 << 16);
}

Product sizes_of(const int64_t *v) {
    Product p{};
    p.batch = v[0], p.m = v[1], p.n = v[2], p.k = v[3];
    p.transpose_a = v[4], p.transpose_b = v[5] == 1, p.is_packed = v[5] == 2;
    p.stride_a = v[6], p.stride_b = v[7];
    p.activation = Activation(v[9]);
    if (v[8] == 2) p.bias_row = p.n, p.bias_matrix = p.m * p.n;
    return p;
}

int64_t sums_bytes(const int64_t *ints) {
    const Product p = sizes_of(ints);
    if (!is_streamed(p) || !streams_by_rows(p)) return 0;
    const Pieces pieces(p);
    return pieces.blocks * pieces.block_size(p) * int64_t(sizeof(float));
}

void multiply(Call *call) {
    const bool has_bias = call->ints[8];
    Product p = sizes_of(call->ints);
    p.a = (const float *)call->buffers[0], p.b = (const float *)call->buffers[1];
    p.bias = has_bias ? (const float *)call->buffers[2] : nullptr;
    p.c = (float *)call->buffers[2 + has_bias];
    if (p.batch * p.m * p.n == 0) return;
    if (is_streamed(p)) return streams_by_rows(p) ? stream_rows(call, p) : stream_columns(call, p);
    const Blocks blocks = cut_into_tasks(p);
    const int64_t row_blocks = divide_up(blocks.rows, rows_per_tile(p.m));
    const size_t scratch = sizeof(float) * size_t(panel_size(p) + packed_rows_size(row_blocks));
    parallel(call, p.batch * blocks.row_tasks * blocks.column_tasks, scratch,
             [&](int64_t task, char *memory) { multiply_block(p, blocks, task, (float *)memory); });
}

// ints: N, K, transpose_b.   buffers: B, panels of NR columns each, (panel, K, NR).
void pack_matrix(Call *call) {
    Product p{};
    p.n = call->ints[0], p.k = call->ints[1], p.transpose_b = call->ints[2];
    const float *b = (const float *)call->buffers[0];
    float *panels = (float *)call->buffers[1];
    if (p.k == 0) return;
    const int64_t grain = greater(1, (1 << 15) / (p.k * NR));
    parallel_spans(call, divide_up(p.n, NR), grain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) pack_panel(p, b, 0, p.k, i * NR, panels + i * NR * p.k);
    });
}

// ints out: NR, the outputs of a panel of packed weights.  buffers: where to write it.
void panel_columns(Call *call) { *(int64_t *)call->buffers[0] = NR; }

}  // namespace

KERNEL_TABLE(gemm, {"gemm", multiply, sums_bytes}, {"pack_matrix", pack_matrix, nullptr},
             {"panel_columns", panel_columns, nullptr})
