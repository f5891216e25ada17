export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of this process: what npm, pip, apt and buildah are told on this machine. */
export function ownEnvironment(): Environment {
  return process.env;
}
