/* A model as a function of SQL: SELECT xor(a, b) FROM t;
 *
 *     kgen export ../xor.keras -o . --workspace stack
 *     cc -std=c99 -O2 -shared -fPIC -o xor_extension.so xor_extension.c xor.c -lm
 *     sqlite3 :memory: ".load ./xor_extension" "SELECT round(xor(0, 1))"
 *
 * It needs SQLite's headers and shell (Debian: libsqlite3-dev sqlite3). With its workspace on the stack the model is safe in all of SQLite's threads.
 */
#include "xor.h"

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

static void xor_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    float inputs[2], output[1];
    (void)count;
    for (int i = 0; i < 2; ++i) {
        const int type = sqlite3_value_numeric_type(values[i]);
        if (type == SQLITE_NULL)
            return; /* NULL, as of SQL's own functions */
        if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) {
            sqlite3_result_error(context, "xor takes two numbers", -1);
            return;
        }
        inputs[i] = (float)sqlite3_value_double(values[i]);
    }
    if (xor_predict(inputs, output) != XOR_OK)
        sqlite3_result_error(context, "xor_predict failed", -1);
    else
        sqlite3_result_double(context, (double)output[0]);
}

int sqlite3_xorextension_init(sqlite3 *database, char **message, const sqlite3_api_routines *api);

int sqlite3_xorextension_init(sqlite3 *database, char **message, const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api);
    (void)message;
    return sqlite3_create_function(
        database, "xor", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, xor_function, NULL, NULL);
}
