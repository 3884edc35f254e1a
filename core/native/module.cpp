// What Python sees of the engine: thalweg.core._native.
#include <chrono>

#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "control.h"
#include "dispatch.h"
#include "elementwise_ops.h"
#include "executor.h"
#include "pool.h"
#include "watch.h"

namespace nb = nanobind;

namespace {

// The addresses of arrays that a run reads and writes, held while it lasts.
class Borrowed {
  public:
    explicit Borrowed(nb::handle arrays) {
        const size_t count = nb::len(arrays);
        views_.reserve(count);
        addresses_.reserve(count);
        for (nb::handle array : arrays) {
            Py_buffer view;
            if (PyObject_GetBuffer(array.ptr(), &view, PyBUF_ANY_CONTIGUOUS) != 0) {
                release();
                throw nb::python_error();
            }
            views_.push_back(view);
            addresses_.push_back(view.buf);
        }
    }
    ~Borrowed() { release(); }
    Borrowed(const Borrowed &) = delete;
    void *const *addresses() const { return addresses_.data(); }

  private:
    void release() {
        for (Py_buffer &view : views_) PyBuffer_Release(&view);
        views_.clear();
    }
    std::vector<Py_buffer> views_;
    std::vector<void *> addresses_;
};

// The thread that Python runs handlers of signals on, such as Ctrl-C's.
unsigned long main_thread;

bool runs_on_main_thread() { return PyThread_get_thread_ident() == main_thread; }

// Runs the handlers of signals that have come; true if one has raised an exception.
bool handlers_raised() {
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

// One run of an executor: its arena and its external arrays.
class Run {
  public:
    Run(const Executor &executor, nb::handle externals)
        : executor_(executor), borrowed_(externals),
          arena_(lend_arena(executor.arena_bytes(), &lent_bytes_)) {}
    ~Run() { return_arena(arena_, lent_bytes_); }
    Run(const Run &) = delete;

    void steps(int first, int last) const {
        Outcome outcome;
        {
            nb::gil_scoped_release no_gil;
            outcome = attempt(borrowed_.addresses(), first, last);
        }
        if (outcome.is_good()) return;
        nb::object error = error_of(outcome);
        PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(error.ptr())), error.ptr());
        throw nb::python_error();
    }
    // All steps, `count` times over or as often as `budget_s` seconds allow, but once at least. From
    // one time to the next an array's address grows by its stride. Of a triple (read, written,
    // spare), what was written is read the next time, and the spare is written: variables that are
    // not written in place. Returns how often all went well, and what went wrong then, or None.
    std::tuple<int64_t, nb::object> repeat(const std::vector<int64_t> &strides,
                                           const std::vector<std::tuple<int, int, int>> &turns,
                                           int64_t count, double budget_s) const {
        char *const *given = reinterpret_cast<char *const *>(borrowed_.addresses());
        std::vector<void *> addresses(strides.size());
        const auto start = std::chrono::steady_clock::now();
        const std::chrono::duration<double> budget(budget_s);
        Outcome outcome;
        int64_t done = 0;
        {
            nb::gil_scoped_release no_gil;
            while (done < count) {
                for (size_t k = 0; k < strides.size(); ++k) addresses[k] = given[k] + done * strides[k];
                for (const auto &[read, written, spare] : turns) {
                    char *const places[] = {given[written], given[spare]};
                    if (done > 0) addresses[size_t(read)] = places[(done - 1) % 2];
                    addresses[size_t(written)] = places[done % 2];
                }
                outcome = attempt(addresses.data(), 0, executor_.step_count());
                if (!outcome.is_good()) break;
                ++done;
                if (std::chrono::steady_clock::now() - start >= budget) break;
            }
        }
        return {done, outcome.is_good() ? nb::none() : error_of(outcome)};
    }
    // The arena as a writable memoryview: what an instruction without a kernel reads and writes.
    nb::object memory() const {
        PyObject *view = PyMemoryView_FromMemory(arena_, executor_.arena_bytes(), PyBUF_WRITE);
        if (!view) throw nb::python_error();
        return nb::steal(view);
    }

  private:
    struct Outcome {
        Failure failure;
        bool is_stopped = false;  // by what a handler has raised: Python's error of this thread
        bool is_good() const { return !failure && !is_stopped; }
    };

    // Without Python's lock, which the watch takes to ask.
    Outcome attempt(void *const *addresses, int first, int last) const {
        Watch watch(runs_on_main_thread() ? handlers_raised : nullptr);
        const Watch::Use use(&watch);
        const Failure failure = executor_.run(arena_, addresses, first, last);
        return {failure, watch.was_stopped()};
    }

    static nb::object error_of(const Outcome &outcome) {
        if (outcome.is_stopped) return nb::borrow(nb::python_error().value());
        const Failure &failure = outcome.failure;
        return nb::module_::import_("thalweg.core.backends.native.failures")
            .attr("StepFailed")(nb::cast(failure.executor, nb::rv_policy::none), failure.step,
                                failure.message);
    }

    const Executor &executor_;
    Borrowed borrowed_;
    int64_t lent_bytes_ = 0;
    char *arena_;
};

// (prelude or None, body, bytes that the prelude makes)
using GivenBody = std::tuple<std::shared_ptr<Executor>, std::shared_ptr<Executor>, int64_t>;

Body body_of(const GivenBody &given) {
    return {std::get<0>(given), std::get<1>(given), std::get<2>(given)};
}

std::shared_ptr<Loop> make_loop(const std::vector<GivenBody> &bodies,
                                std::tuple<int64_t, int64_t, bool> run,
                                std::tuple<int64_t, int64_t> counts,
                                std::vector<int64_t> step_bytes, std::vector<int64_t> block_bytes,
                                std::vector<int64_t> carry_bytes) {
    auto loop = std::make_shared<Loop>();
    loop->whole = body_of(bodies.at(0));
    if (bodies.size() > 1) loop->last = body_of(bodies[1]);
    std::tie(loop->length, loop->blocks, loop->is_reversed) = run;
    std::tie(loop->carries, loop->inputs) = counts;
    loop->step_bytes = std::move(step_bytes);
    loop->block_bytes = std::move(block_bytes);
    loop->carry_bytes = std::move(carry_bytes);
    return loop;
}

std::shared_ptr<While> make_while(const GivenBody &condition, const GivenBody &body,
                                  int64_t constants, std::vector<int64_t> carry_bytes) {
    auto loop = std::make_shared<While>();
    loop->condition = body_of(condition), loop->body = body_of(body);
    loop->constants = constants, loop->carry_bytes = std::move(carry_bytes);
    return loop;
}

std::shared_ptr<Branch> make_branch(const std::vector<GivenBody> &bodies, int64_t arrays) {
    auto branch = std::make_shared<Branch>();
    for (const GivenBody &body : bodies) branch->bodies.push_back(body_of(body));
    branch->arrays = arrays;
    return branch;
}

}  // namespace

NB_MODULE(_native, m) {
    nb::set_leak_warnings(false);  // plans live as long as the graphs that keep them, often to the end
    m.def("isa", &isa_name);
    m.def("usable_isas", &usable_isa_names);
    m.def("has_fast_bfloat16", &has_fast_bfloat16);
    m.def("kernel_names", &kernel_names);
    m.def("elementwise_ops", [] {
#define NAME(name) #name,
        return std::vector<std::string>{ELEMENTWISE_OPS(NAME)};
#undef NAME
    });
    m.def("has_elementwise", &has_elementwise, nb::arg("op"), nb::arg("type"));
    m.def("panel_columns", &panel_columns);
    m.def("thread_count", &thread_count);
    m.def("set_thread_count", &set_thread_count, nb::arg("n"));
    main_thread = nb::cast<unsigned long>(
        nb::module_::import_("threading").attr("main_thread")().attr("ident"));
    m.def("become_main_thread", [] { main_thread = PyThread_get_thread_ident(); });
    m.def("poison_arenas", &poison_arenas, nb::arg("on"));
    m.def("free_arenas", &free_arenas);

    nb::class_<Executor>(m, "Executor", nb::dynamic_attr())
        .def("__init__",
             [](Executor *self, const std::vector<std::tuple<int64_t, int64_t>> &places,
                int64_t arena_bytes) {
                 std::vector<Place> list;
                 for (const auto &[external, offset] : places) list.push_back({external, offset});
                 new (self) Executor(std::move(list), arena_bytes);
             },
             nb::arg("places"), nb::arg("arena_bytes"))
        .def("add",
             nb::overload_cast<const std::string &, std::vector<int32_t>, std::vector<int64_t>,
                               std::vector<double>>(&Executor::add),
             nb::arg("kernel"), nb::arg("buffers"), nb::arg("ints"), nb::arg("reals"))
        .def("add_loop",
             [](Executor &self, std::vector<int32_t> buffers, const std::vector<GivenBody> &bodies,
                std::tuple<int64_t, int64_t, bool> run, std::tuple<int64_t, int64_t> counts,
                std::vector<int64_t> step_bytes, std::vector<int64_t> block_bytes,
                std::vector<int64_t> carry_bytes) {
                 return self.add(make_loop(bodies, run, counts, std::move(step_bytes),
                                           std::move(block_bytes), std::move(carry_bytes)),
                                 std::move(buffers));
             },
             nb::arg("buffers"), nb::arg("bodies"), nb::arg("run"), nb::arg("counts"),
             nb::arg("step_bytes"), nb::arg("block_bytes"), nb::arg("carry_bytes"))
        .def("add_while",
             [](Executor &self, std::vector<int32_t> buffers, const GivenBody &condition,
                const GivenBody &body, int64_t constants, std::vector<int64_t> carry_bytes) {
                 return self.add(make_while(condition, body, constants, std::move(carry_bytes)),
                                 std::move(buffers));
             },
             nb::arg("buffers"), nb::arg("condition"), nb::arg("body"), nb::arg("constants"),
             nb::arg("carry_bytes"))
        .def("add_branch",
             [](Executor &self, std::vector<int32_t> buffers, const std::vector<GivenBody> &bodies,
                int64_t arrays) { return self.add(make_branch(bodies, arrays), std::move(buffers)); },
             nb::arg("buffers"), nb::arg("bodies"), nb::arg("arrays"))
        .def("finish", &Executor::finish,
             nb::arg("stoppable_steps") = std::numeric_limits<int>::max())
        .def_prop_ro("arena_bytes", &Executor::arena_bytes)
        .def_prop_ro("step_count", &Executor::step_count)
        .def("run",
             [](const Executor &self, nb::handle externals) {
                 Run(self, externals).steps(0, self.step_count());
             },
             nb::arg("externals"))
        .def("begin",
             [](const Executor &self, nb::handle externals) { return new Run(self, externals); },
             nb::arg("externals"), nb::rv_policy::take_ownership, nb::keep_alive<0, 1>());

    nb::class_<Run>(m, "Run")
        .def("steps", &Run::steps, nb::arg("first"), nb::arg("last"))
        .def("repeat", &Run::repeat, nb::arg("strides"), nb::arg("turns"), nb::arg("count"),
             nb::arg("budget_s"))
        .def("memory", &Run::memory, nb::keep_alive<0, 1>());
}
