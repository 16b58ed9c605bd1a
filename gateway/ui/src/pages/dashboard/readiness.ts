/* /readyz says of each service whether it serves; with 503 if one does not. */
export interface Readiness {
  status: string
  services: Record<string, string>
}

export async function fetchReadiness(signal: AbortSignal): Promise<Readiness> {
  const response = await fetch('/readyz', { signal, cache: 'no-store' })
  return (await response.json()) as Readiness
}

export function notServing(readiness: Readiness | undefined): string[] {
  return Object.entries(readiness?.services ?? {})
    .filter(([, state]) => state !== 'SERVING')
    .map(([name]) => name)
}
