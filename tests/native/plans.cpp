// Plans of several calls, and that running one again allocates nothing.
#include "check.h"
#include "control.h"
#include "watch.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <thread>

namespace {

std::atomic<int> allocations{0};

}  // namespace

// This program's own, also for the engine; --wrap sends it the aligned ones. Not inlined: GCC would
// take it for a mistake that `free` gets what `new` gave.
[[gnu::noinline]] void *operator new(size_t bytes) {
    ++allocations;
    if (void *memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void *memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void *memory, size_t) noexcept { std::free(memory); }
extern "C" void *__real_aligned_alloc(size_t, size_t);
extern "C" void *__wrap_aligned_alloc(size_t alignment, size_t bytes) {
    ++allocations;
    return __real_aligned_alloc(alignment, bytes);
}

namespace {

bool run_plan(const Executor &plan, void *const *externals) {
    int64_t lent = 0;
    char *arena = lend_arena(plan.arena_bytes(), &lent);
    const Failure failure = plan.run(arena, externals);
    return_arena(arena, lent);
    return !failure;
}

int allocations_of(const std::function<void()> &work) {
    const int before = allocations;
    work();
    return allocations - before;
}

void expect_steady(const Executor &plan, void *const *externals, const char *name) {
    const int more = allocations_of([&] {
        for (int i = 0; i < 5; ++i) run_plan(plan, externals);
    });
    expect(more == 0, name, text_of("%d allocations in five more runs", more));
}

// An executor whose values are the external arrays, in their order.
Executor on_externals(int64_t count) {
    std::vector<Place> places;
    for (int64_t i = 0; i < count; ++i) places.push_back({i, 0});
    return {places, 0};
}

std::vector<int64_t> product(int64_t n, bool has_bias, int64_t rows = 1) {
    return {1, rows, n, n, 0, 0, 0, 0, has_bias, 0};
}

std::vector<double> times(const std::vector<double> &vector, const std::vector<float> &matrix) {
    const size_t n = vector.size();
    std::vector<double> result(n, 0.0);
    for (size_t j = 0; j < n; ++j)
        for (size_t k = 0; k < n; ++k) result[j] += vector[k] * double(matrix[k * n + j]);
    return result;
}

// A loop over rows, carry = rows(i) * matrix + carry: the last carry and each row's product.
void test_loop() {
    const int64_t length = 5, n = 3;
    const auto rows = noise(length * n), matrix = noise(n * n), start = noise(n);
    // the body's external arrays: carry, slice, constant; new carry, row of results
    auto body = std::make_shared<Executor>(on_externals(5));
    body->add("gemm", {1, 2, 0, 3}, product(n, true), {});  // with the carry as the bias
    body->add("copy_bytes", {3, 4}, {4 * n}, {});
    body->finish();
    for (bool is_reversed : {false, true}) {
        auto loop = std::make_shared<Loop>();
        loop->whole.main = body;
        loop->length = length;
        loop->blocks = 1;
        loop->is_reversed = is_reversed;
        loop->carries = 1;
        loop->inputs = 3;
        loop->step_bytes = {0, 4 * n, 0, 0, 4 * n};
        loop->block_bytes = {4 * n, 4 * n, 0, 4 * n, 4 * n};
        loop->carry_bytes = {4 * n};
        Executor plan = on_externals(5);
        plan.add(loop, {0, 1, 2, 3, 4});
        plan.finish();
        std::vector<double> carry = widen(start), all(size_t(length * n));
        for (int64_t step = 0; step < length; ++step) {
            const int64_t i = is_reversed ? length - 1 - step : step;
            for (int64_t j = 0; j < n; ++j)
                for (int64_t k = 0; k < n; ++k)
                    carry[size_t(j)] += double(rows[size_t(i * n + k)]) * matrix[size_t(k * n + j)];
            for (int64_t j = 0; j < n; ++j) all[size_t(i * n + j)] = carry[size_t(j)];
        }
        const Array a = Array::of(start), b = Array::of(rows), c = Array::of(matrix);
        const Array last = Array::empty<float>(n), each = Array::empty<float>(length * n);
        void *const externals[] = {a.data(), b.data(), c.data(), last.data(), each.data()};
        expect(run_plan(plan, externals), "loop", "it failed");
        expect(last.is_fenced() && each.is_fenced(), "loop", "wrote elsewhere");
        expect_steady(plan, externals, "loop");
        expect_close("loop, last", last.values<float>(), carry, 1e-6);
        expect_close("loop, each", each.values<float>(), all, 1e-6);
    }
}

// The flags of a loop say one by one whether it goes on: an iteration moves them to the left.
constexpr int64_t FLAGS = 8;

Body condition_of_flags(int64_t externals) {
    auto condition = std::make_shared<Executor>(on_externals(externals + 1));
    condition->add("copy_bytes", {0, int32_t(externals)}, {1}, {});
    condition->finish();
    return {nullptr, condition, 0};
}

// While the flags say so: vector = vector * (matrix * matrix), where a prelude makes the square.
While powers(int64_t n) {
    // flags, vector, a flag that is 0, matrix; new flags, new vector; the square
    std::vector<Place> places{{0, 1}, {1, 0}, {2, 0}, {3, 0}, {4, 0}, {4, FLAGS - 1}, {5, 0}, {6, 0}};
    auto prelude = std::make_shared<Executor>(places, 0), body = std::make_shared<Executor>(places, 0);
    prelude->add("gemm", {3, 3, 7}, product(n, false, n), {});
    body->add("copy_bytes", {0, 4}, {FLAGS - 1}, {});
    body->add("copy_bytes", {2, 5}, {1}, {});
    body->add("gemm", {1, 7, 6}, product(n, false), {});
    prelude->finish(), body->finish();
    While loop;
    loop.condition = condition_of_flags(4);
    loop.body = {prelude, body, int64_t(sizeof(float)) * n * n};
    loop.constants = 2;
    loop.carry_bytes = {FLAGS, int64_t(sizeof(float)) * n};
    return loop;
}

void test_while() {
    const int64_t n = 5;
    const auto matrix = noise(n * n), start = noise(n);
    Executor plan = on_externals(6);
    plan.add(std::make_shared<While>(powers(n)), {0, 1, 2, 3, 4, 5});
    plan.finish();
    for (int64_t iterations = 0; iterations < FLAGS; ++iterations) {
        std::vector<unsigned char> flags(size_t(FLAGS), 0);
        std::fill_n(flags.begin(), iterations, 1);
        std::vector<double> wanted = widen(start);
        for (int64_t step = 0; step < 2 * iterations; ++step) wanted = times(wanted, matrix);
        const Array a = Array::of(flags), b = Array::of(start), c = Array::of(matrix);
        const Array zero = Array::of(std::vector<unsigned char>{0});
        const Array last_flags = Array::empty<unsigned char>(FLAGS), last = Array::empty<float>(n);
        void *const externals[] = {a.data(), b.data(), zero.data(),
                                   c.data(), last_flags.data(), last.data()};
        const std::string name = text_of("while, %d iterations", int(iterations));
        expect(run_plan(plan, externals), name, "it failed");
        expect(a.values<unsigned char>() == flags && b.values<float>() == start, name,
               "wrote over what it starts with");
        expect(last.is_fenced() && last_flags.is_fenced(), name, "wrote elsewhere");
        expect(last_flags.values<unsigned char>() == std::vector<unsigned char>(size_t(FLAGS), 0),
               name, "it ended too early");
        expect_close(name, last.values<float>(), wanted, 1e-5);
        expect_steady(plan, externals, name.c_str());
    }
}

// Of a product and a copy, one runs.
void test_branch() {
    const int64_t n = 4;
    const auto matrix = noise(n * n), vector = noise(n);
    const std::vector<double> wanted = times(widen(vector), matrix);
    auto holds = std::make_shared<Executor>(on_externals(3)),
         fails = std::make_shared<Executor>(on_externals(3));
    holds->add("gemm", {0, 1, 2}, product(n, false), {});
    fails->add("copy_bytes", {0, 2}, {n * int64_t(sizeof(float))}, {});
    holds->finish(), fails->finish();
    auto branch = std::make_shared<Branch>();
    branch->bodies = {{nullptr, holds, 0}, {nullptr, fails, 0}};
    branch->arrays = 3;
    Executor plan = on_externals(4);
    plan.add(branch, {0, 1, 2, 3});
    plan.finish();
    for (unsigned char flag : {0, 1}) {
        const Array condition = Array::of(std::vector<unsigned char>{flag}), x = Array::of(vector),
                    y = Array::of(matrix), result = Array::empty<float>(n);
        void *const externals[] = {condition.data(), x.data(), y.data(), result.data()};
        expect(run_plan(plan, externals) && result.is_fenced(), "branch", "it failed");
        expect_close("branch", result.values<float>(), flag ? wanted : widen(vector), 1e-6);
        expect_steady(plan, externals, "branch");
    }
}

int questions = 0;
bool stops_at_the_third() { return ++questions >= 3; }

// A loop without end stops when the watch says so; what comes after the stoppable steps does not.
void test_stops() {
    const std::vector<unsigned char> one{1};
    const Array goes_on = Array::of(one), last = Array::empty<unsigned char>(1);
    auto body = std::make_shared<Executor>(on_externals(2));
    body->add("copy_bytes", {0, 1}, {1}, {});
    body->finish();
    auto loop = std::make_shared<While>();
    loop->condition = condition_of_flags(1);
    loop->body = {nullptr, body, 0};
    loop->constants = 0;
    loop->carry_bytes = {1};
    Executor plan = on_externals(2);
    plan.add(loop, {0, 1});
    plan.finish();
    void *const externals[] = {goes_on.data(), last.data()};
    Watch watch(stops_at_the_third);
    const Watch::Use use(&watch);
    expect(!run_plan(plan, externals), "stop", "a loop without end has ended");
    expect(questions == 3 && watch.was_stopped(), "stop", text_of("asked %d times", questions));
    Executor late = on_externals(2);
    const Array result = Array::empty<unsigned char>(1);
    void *const written[] = {goes_on.data(), result.data()};
    late.add("copy_bytes", {0, 1}, {1}, {});
    late.add("copy_bytes", {0, 1}, {1}, {});
    late.finish(1);
    int64_t lent = 0;
    char *arena = lend_arena(late.arena_bytes(), &lent);
    expect(late.run(arena, written, 0, 2).step == 0, "stop", "a stopped run went on");
    expect(late.run(arena, written, 1, 2).step == 1, "stop", "it wrote although it was stopped");
    expect(result.values<unsigned char>() != one, "stop", "a stopped run has written");
    Watch closed(stops_at_the_third);
    const Watch::Use other(&closed);
    closed.close();
    expect(!late.run(arena, written, 0, 2) && !closed.was_stopped(), "stop", "nobody stopped it");
    return_arena(arena, lent);
}

// The thread that made the watch asks while it waits for another one, which is in a loop.
void test_stops_of_others() {
    struct Region {
        Watch watch{stops_at_the_third};
        std::atomic<bool> other_works{false};
    } region;
    questions = 0;
    set_thread_count(2);
    const Watch::Use use(&region.watch);
    static thread_local bool is_first;
    is_first = true;
    const auto task = [](void *argument, int64_t, char *) {
        Region &shared = *static_cast<Region *>(argument);
        if (!is_first) shared.other_works = true;
        while (!shared.other_works) std::this_thread::yield();  // leaves the other task to it
        while (!is_first && !shared.watch.is_over()) std::this_thread::yield();
    };
    pool_team()->run(pool_team(), 2, task, &region, 0);
    expect(region.watch.was_stopped() && questions == 3, "stop", "nobody asked for the other");
}

// Products that take all threads, with scratch and an arena of megabytes.
void test_steady_state() {
    const int64_t n = 300;
    const auto x = noise(n * n);
    const std::vector<int64_t> gemm{1, n, n, n, 0, 1, 0, 0, 0, 0};
    Executor plan({{0, 0}, {-1, 0}, {1, 0}}, 4 * n * n);
    plan.add("gemm", {0, 0, 1}, gemm, {});
    plan.add("gemm", {1, 0, 2}, gemm, {});
    plan.finish();
    const Array input = Array::of(x), output = Array::empty<float>(n * n);
    void *const externals[] = {input.data(), output.data()};
    for (int threads : {1, 2, 4}) {
        set_thread_count(threads);
        // a thread may miss a run whose tasks the others take, and get its scratch later
        int more = 1;
        for (int i = 0; i < 200 && more; ++i)
            more = allocations_of([&] {
                for (int k = 0; k < 10; ++k) run_plan(plan, externals);
            });
        expect(more == 0, "steady state",
               text_of("%d allocations in ten runs on %d threads", more, threads));
        free_arenas();
        more = allocations_of([&] { run_plan(plan, externals); });
        expect(more >= 1, "steady state", "a new arena was not counted");
    }
}

}  // namespace

void test_plans() {
    test_loop();
    test_while();
    test_branch();
    test_stops();
    test_stops_of_others();
    test_steady_state();
    free_arenas();
}
