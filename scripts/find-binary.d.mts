export type BinaryName = 'temporal' | 'test-server';
export function cacheFolder(): string;
export function findBinary(name: BinaryName): string | null;
export function ensureBinary(name: BinaryName, onProgress?: (text: string) => void): string;
