/** As much of Lua's C interface in JavaScript as is used. */
declare module 'fengari' {
  type State = { readonly lua: unique symbol };
  type Text = { readonly text: unique symbol };
  type Opener = (state: State) => number;
  export const lua: {
    readonly LUA_OK: number;
    lua_pcall(state: State, given: number, wanted: number, handler: number): number;
    lua_getfield(state: State, index: number, field: Text): number;
    lua_tojsstring(state: State, index: number): string;
    lua_pop(state: State, count: number): void;
  };
  export const lauxlib: {
    luaL_newstate(): State;
    luaL_requiref(state: State, name: Text, open: Opener, global: 0 | 1): void;
    luaL_loadstring(state: State, program: Text): number;
  };
  export const lualib: { readonly luaopen_base: Opener };
  export function to_luastring(text: string): Text;
}
