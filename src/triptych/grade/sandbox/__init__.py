"""The host's side of the sandbox: bubblewrap, the system-call filter, control groups, limits, the zygote.

Entry points: `sandbox.run`, `zygote.get_zygote`, `limits.Limits`.
Imported by `submission`, `execute`, `dispatch`, `run`, `doctor` and the command line.

Processes
---------
Two sandboxes are nested: bubblewrap makes the outer one around the zygote, the zygote's forks make an inner one
for each submission.

=========== =========== ================================= ===================================== =======================
process     parent      namespaces                        open descriptors                      ends when
=========== =========== ================================= ===================================== =======================
grader      the user's  the host's                        host's end of all sockets, a pidfd of the user ends it
            shell                                         bubblewrap's inner process
bubblewrap  grader      the host's                        the zygote's stderr                   its child ends;
                                                                                                `Sandbox.close` kills
                                                                                                its process group
inner       bubblewrap  outer: process 1 of its own       the zygote's stderr                   the zygote ends, or
bubblewrap              mount, PID, IPC, network, host                                          with bubblewrap's
                        name, control group and, unless                                         process group
                        root, user namespaces
zygote      inner       outer                             the control socket, its stderr        the control socket is
            bubblewrap                                                                          closed; with the outer
                                                                                                PID namespace
keeper      zygote      PID: outer; mount, IPC, network,  the keeper's socket, a pidfd of init  init ends; the host
                        host name, user: inner                                                  sends a byte to the
                                                                                                socket or closes it
init        keeper      inner: process 1                  init's socket, streams and files,     the student's Python
                                                          until it has passed them on           ends; the keeper kills
                                                                                                or ends it
student     init        inner                             streams; descriptor 3, one end of the  by itself; with init
                                                          socket to the grader
=========== =========== ================================= ===================================== =======================

The end of a namespace's process 1 ends all processes in it. So the keeper ends a submission with everything that
the submission started, the outer sandbox ends all submissions, and the end of the grader, however it comes, closes
the sockets and so ends the zygote and the keepers. A `Child` is the host's handle of a keeper and its init.

For trusted submissions (`--sandbox none`) there is neither bubblewrap nor a namespace: the zygote is a child of the
grader, init itself becomes the student's Python as the leader of a session, and the keeper kills its process group.

Starting a submission: the host sends the job and the other ends of two sockets to the zygote, which forks the
keeper. init sets up its namespaces, sends `ready` (the kernel adds its process id), and continues with `go` once the
host has put it into a control group.
"""
