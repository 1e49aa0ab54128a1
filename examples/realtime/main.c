/* A model in a loop that must never wait, as an audio callback mustn't: Linux itself sees to it that predict makes no
 * system call. After the switch to strict mode the kernel kills the process at any call but read, write and exit.
 *
 *     kgen export ../xor.keras -o .
 *     cc -std=c99 -O2 -o realtime main.c xor.c -lm
 *     ./realtime
 */
#define _GNU_SOURCE
#include "xor.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SAMPLES = 48000 };

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        syscall(SYS_exit, 3);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        return 2;
    float sum = 0;
    for (int i = 0; i < SAMPLES; ++i) {
        const float inputs[2] = {(float)(i / 2 % 2), (float)(i % 2)};
        float output[1];
        if (xor_predict(inputs, output) != XOR_OK)
            syscall(SYS_exit, 1);
        sum += output[0];
        if (argc > 1)
            (void)getppid(); /* with any argument: what is forbidden here */
    }
    say(sum > 0.4f * SAMPLES && sum < 0.6f * SAMPLES ? "48000 samples, no system call\n" : "wrong\n");
    syscall(SYS_exit, 0); /* exit would end all threads, which is a call of its own */
}
