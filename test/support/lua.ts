import { lauxlib, lua, lualib, to_luastring as encoded } from 'fengari';

/**
 * What a script returns that finds its input in the global `obj`, as health checks of Argo CD do: the fields of the table, as text. Nothing
 * but the basic functions is there. Throws what Lua complains of.
 */
export function runLua(script: string, obj: unknown, fields: readonly string[]): Readonly<Record<string, string>> {
  const state = lauxlib.luaL_newstate();
  lauxlib.luaL_requiref(state, encoded('_G'), lualib.luaopen_base, 1);
  const program = encoded(`obj = ${literal(obj)}\n${script}`);
  const failed = lauxlib.luaL_loadstring(state, program) !== lua.LUA_OK || lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK;
  if (failed) throw new Error(lua.lua_tojsstring(state, -1));
  return Object.fromEntries(
    fields.map((field) => {
      lua.lua_getfield(state, -1, encoded(field));
      const value = lua.lua_tojsstring(state, -1);
      lua.lua_pop(state, 1);
      return [field, value];
    }),
  );
}

/** Null is left out, as it is where YAML becomes a table. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
    return `{${entries.map(([key, field]) => `[${JSON.stringify(key)}] = ${literal(field)}`).join(', ')}}`;
  }
  return JSON.stringify(value) ?? 'nil';
}
