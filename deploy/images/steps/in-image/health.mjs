// Docker's health check: node health.mjs PORT. Kubernetes asks the same address by itself.
const { ok } = await fetch(`http://127.0.0.1:${process.argv[2]}/health/live`, { signal: AbortSignal.timeout(5000) });
process.exit(ok ? 0 : 1);
