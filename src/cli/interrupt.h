/* interrupt.h - Ctrl-C: the first one asks the work to stop in an orderly way, the second one ends the program at once. */
#ifndef TOME_CLI_INTERRUPT_H
#define TOME_CLI_INTERRUPT_H

/* From now on SIGINT, SIGTERM and SIGHUP set a flag instead of ending the program; a second one ends it. */
void cli_interrupt_catch(void);
/* The signal that came, or 0. Callable from any thread. */
int cli_interrupted(void);

#endif
