import createClient from 'openapi-fetch'
import { send } from './http'
import type { paths } from './schema'

/* The typed client: `const { data } = await api.GET('/api/v1/domains/{id}/', { params: { path: { id } } })`.
 * What is not 2xx is thrown as ApiError. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: send })
