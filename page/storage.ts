/**
 * The browser's storage, which a user can switch off and which can be full. Then a reload forgets what was kept here; what succeeded must not
 * look like a failure.
 */
type Area = 'sessionStorage' | 'localStorage';

export function readStored(area: Area, key: string): string | null {
  try {
    return globalThis[area].getItem(key);
  } catch {
    return null;
  }
}

export function writeStored(area: Area, key: string, text: string): void {
  try {
    globalThis[area].setItem(key, text);
  } catch {}
}
