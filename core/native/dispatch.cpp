// Compiled for the baseline, so that it runs anywhere.
#include "dispatch.h"

#include <cstdlib>
#include <stdexcept>
#include <unordered_map>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "tables.inc"  // made by CMake: TABLES_baseline, TABLES_avx2 … list the kernel files

namespace {

struct Isa {
    const char *name;
    std::vector<const KernelTable *> tables;  // of two kernels of one name the later one counts
};

struct Features {
    bool avx2 = false, avx512 = false, amx = false;
};

// Asks the operating system for 8 KB more of saved registers a thread, which it gives to those who ask.
bool may_use_matrices() {
#if defined(__linux__) && defined(SYS_arch_prctl)
    constexpr int REQUEST = 0x1023, MATRIX_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, REQUEST, MATRIX_DATA) == 0;
#else
    return false;
#endif
}

Features probe() {
    Features found;
#if defined(__x86_64__)
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
    const bool fma = c >> 12 & 1, osxsave = c >> 27 & 1, avx = c >> 28 & 1;
    if (!osxsave || !avx || !fma) return found;
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
    // the processor has it, and the operating system saves the wide registers
    found.avx2 = (b >> 5 & 1) && (low & 0x6) == 0x6;
    found.avx512 = found.avx2 && (low & 0xe6) == 0xe6 && (b >> 16 & 1) && (b >> 17 & 1) &&
                   (b >> 30 & 1) && (b >> 31 & 1);  // F, DQ, BW, VL
    const bool has_matrices = (d >> 22 & 1) && (d >> 24 & 1) && (low & 0x60000) == 0x60000;  // AMX
    if (!found.avx512 || !has_matrices || !__get_cpuid_count(7, 1, &a, &b, &c, &d)) return found;
    found.amx = (a >> 5 & 1) && may_use_matrices();  // AVX512_BF16
#endif
    return found;
}

std::vector<Isa> usable() {
    std::vector<Isa> list;
    [[maybe_unused]] const Features has = probe();
#ifdef THALWEG_HAVE_AVX512
    if (has.avx512) list.push_back({"avx512", {TABLES_avx512}});
#ifdef THALWEG_HAVE_AMX
    if (has.amx)
        for (const KernelTable *table : {TABLES_amx}) list.back().tables.push_back(table);
#endif
#endif
#ifdef THALWEG_HAVE_AVX2
    if (has.avx2) list.push_back({"avx2", {TABLES_avx2}});
#endif
#ifdef THALWEG_HAVE_NEON
    list.push_back({"neon", {TABLES_neon}});
#else
    list.push_back({"baseline", {TABLES_baseline}});
#endif
    return list;
}

Isa choose() {
    const auto list = usable();
    const char *wanted = std::getenv("THALWEG_ISA");
    if (!wanted || !*wanted) return list.front();
    for (const auto &isa : list)
        if (wanted == std::string(isa.name)) return isa;
    std::string names;
    for (const auto &isa : list) names += std::string(names.empty() ? "" : ", ") + isa.name;
    throw std::runtime_error(std::string("THALWEG_ISA=") + wanted +
                             ": this processor and build have only " + names);
}

const Isa &chosen() {
    static const Isa isa = choose();
    return isa;
}

const std::unordered_map<std::string, const Kernel *> &by_name() {
    static const auto map = [] {
        std::unordered_map<std::string, const Kernel *> made;
        for (const KernelTable *table : chosen().tables)
            for (int i = 0; i < table->count; ++i)
                made[table->kernels[i].name] = &table->kernels[i];
        return made;
    }();
    return map;
}

}  // namespace

const Kernel *find_kernel(const std::string &name) {
    const auto found = by_name().find(name);
    return found == by_name().end() ? nullptr : found->second;
}

std::vector<std::string> kernel_names() {
    std::vector<std::string> names;
    for (const auto &entry : by_name()) names.push_back(entry.first);
    return names;
}

bool has_elementwise(int op, int type) {
    Call call{};
    const int64_t ints[2] = {op, type};
    call.ints = ints;
    find_kernel("has_elementwise")->run(&call);
    return call.error == nullptr;
}

int64_t panel_columns() {
    int64_t columns = 0;
    void *buffers[1] = {&columns};
    Call call{};
    call.buffers = buffers;
    find_kernel("panel_columns")->run(&call);
    return columns;
}

std::string isa_name() { return chosen().name; }

bool has_fast_bfloat16() {
#ifdef THALWEG_HAVE_AMX
    static const bool has = isa_name() == "avx512" && probe().amx;
    return has;
#else
    return false;
#endif
}

std::vector<std::string> usable_isa_names() {
    std::vector<std::string> names;
    for (const auto &isa : usable()) names.push_back(isa.name);
    return names;
}
