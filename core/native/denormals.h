// `DenormalsAreZero mode;` on this thread, until the end of the scope: numbers below the smallest
// normal one, 1.2e-38 in float32, are read as zero, and results of that size become zero.
//
// Many processors take a hundred cycles and more for each such number, and an optimizer gets many: its
// average of gradients that have stopped coming, as those of a unit that is never active any more,
// shrinks to one and then stays, rounded to itself. In this mode it stays a normal number, as a
// difference to it that is small enough becomes zero.
#pragma once
#include <stdint.h>

namespace {

class DenormalsAreZero {
  public:
#if defined(__x86_64__)
    DenormalsAreZero() : before_(__builtin_ia32_stmxcsr()) {
        __builtin_ia32_ldmxcsr(before_ | 0x8040);  // results, and what is read
    }
    ~DenormalsAreZero() { __builtin_ia32_ldmxcsr(before_); }

  private:
    unsigned before_;
#elif defined(__aarch64__)
    DenormalsAreZero() {
        __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
        __asm__ volatile("msr fpcr, %0" : : "r"(before_ | (uint64_t(1) << 24)));  // both
    }
    ~DenormalsAreZero() { __asm__ volatile("msr fpcr, %0" : : "r"(before_)); }

  private:
    uint64_t before_;
#else
    DenormalsAreZero() {}  // another processor, of which nothing is known
#endif
};

}  // namespace
