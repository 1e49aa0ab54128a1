"""Words that names from a model must not be."""

from __future__ import annotations

KEYWORDS = """
    auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    union unsigned void volatile while alignas alignof bool constexpr false nullptr
    static_assert thread_local true typeof typeof_unqual asm fortran and and_eq bitand bitor
    catch char8_t char16_t char32_t class compl concept const_cast consteval constinit co_await
    co_return co_yield decltype delete dynamic_cast explicit export friend mutable namespace new
    noexcept not not_eq operator or or_eq private protected public reinterpret_cast requires
    static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq NULL
    INFINITY NAN EOF errno assert offsetof main linux unix i386 near far int8_t int16_t int32_t
    int64_t uint8_t uint16_t uint32_t uint64_t size_t memcpy math_errhandling small interface
"""
"""Of C and C++, what their headers or Windows's define as macros, and what NAME_run calls."""

HEADERS = """
    aio algorithm aliases alloca any ar argp argz arpa array assert atomic bit bitset byteswap
    charconv chrono codecvt compare complex concepts coroutine cpio crypt ctype deque dirent
    dlfcn elf endian envz err errno error exception execinfo execution fcntl features fenv
    filesystem float fmtmsg fnmatch format forward_list fstab fstream ftw functional future
    gconv getopt glob grp gshadow iconv ifaddrs initializer_list inttypes iomanip ios iosfwd
    iostream iso646 istream iterator langinfo lastlog latch libgen libintl limits link list
    locale malloc map math mcheck memory mntent monetary mqueue mutex ndbm net netdb new
    nl_types nss numbers numeric obstack optional ostream paths poll printf proc_service pthread
    pty pwd queue random ranges ratio re_comp regex regexp resolv sched scoped_allocator search
    semaphore set setjmp sgtty shadow signal span spawn sstream stab stack stdalign stdarg
    stdatomic stdbit stdbool stdckdint stddef stdexcept stdint stdio stdlib stdnoreturn
    stop_token streambuf string string_view strings stropts sys syscall sysexits syslog
    system_error tar termio termios tgmath thread thread_db threads time trace ttyent tuple
    type_traits typeindex typeinfo types uchar ucontext ulimit unistd unordered_map
    unordered_set ustat utility utime utmp utmpx valarray values variant vector version wait
    wchar wctype wordexp xlocale
"""
"""Headers of C, C++, POSIX and glibc: NAME.h in an include path would be taken for one of them."""

MODULES = """
    abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit
    audioop base64 bdb binascii binhex bisect builtins bz2 cProfile calendar cgi cgitb chunk
    cmath cmd code codecs codeop collections colorsys compileall compression concurrent
    configparser contextlib contextvars copy copyreg crypt csv ctypes curses dataclasses
    datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno
    faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath
    getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib
    imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale
    logging lzma mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt
    multiprocessing netrc nis nntplib nt ntpath nturl2path numbers numpy opcode operator
    optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib
    poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data
    pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets
    select selectors shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver
    spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep
    struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile
    termios textwrap this threading time timeit tkinter token tokenize tomllib trace traceback
    tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uu uuid venv
    warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile
    zipimport zlib zoneinfo
"""
"""Python's own modules, of all versions that kgen runs on, and NumPy: NAME.py would hide them."""

LOCALS = """
    above across also array at below best bias bit centre chains channel child column columns
    count depth done dot element end feature filter first found from group half high image in
    index inner inside kept largest last later least left length lengths line low matrix mean
    middle more most nearest next order other out outside panel pivot pixel pixels place plane
    position real rest root row rows sample scale shift sign size slots sorted spread start step
    stop sum sweep tail tap taps tau text to token top total unit units variance vector weight
    weights whole width word words zero
"""
"""Variables in the functions of C's nodes, beside single letters with or without a number."""
