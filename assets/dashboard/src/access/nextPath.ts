/** Where to go after the sign-in. Only a path of this site: an address elsewhere would make the form a lure. */
export function nextPath(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/';
}
