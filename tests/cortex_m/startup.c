/* What a Cortex-M does before newlib's start: the table of vectors, and the floating-point unit switched on. */
#include <stdint.h>

extern uint32_t stack_top;
void _start(void);
void reset(void);

static void stop(void)
{
    for (;;) {
    }
}

void reset(void)
{
#if defined __ARM_FP
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: full access to the coprocessors 10 and 11 */
    __asm volatile("dsb\nisb");
#endif
    _start();
}

/* The stack's end, and the handlers of reset, NMI and the faults. */
typedef struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} table;

__attribute__((section(".vectors"), used)) static const table vectors = {
    &stack_top, {reset, stop, stop, stop, stop, stop},
};
