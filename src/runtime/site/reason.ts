/** Why something of the site could not be loaded, in words: its own files hold no patient data. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    if (error.code === 'ENOENT') return 'there is no such file';
    if (error.code === 'ERR_REQUIRE_ASYNC_MODULE') return 'it has an `await` at the top level';
  }
  return error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : 'unknown reason';
}
