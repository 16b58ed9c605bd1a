import { request, type APIRequestContext } from '@playwright/test'
import { world } from './world'

/** The administrator by REST: prepares what a test needs and looks at what came of it. */
export class Rest {
  private constructor(
    private readonly context: APIRequestContext,
    private readonly csrf: string,
  ) {}

  static async login(who = world.admin): Promise<Rest> {
    const context = await request.newContext({ baseURL: world.url })
    const answer = await context.post('/api/v1/auth/login/', {
      data: { username: who.username, password: who.password },
    })
    if (!answer.ok()) {
      throw new Error(
        `login of ${who.username} answered ${answer.status()}: ${await answer.text()}`,
      )
    }
    return new Rest(context, (await answer.json()).csrf_token)
  }

  storageState(): ReturnType<APIRequestContext['storageState']> {
    return this.context.storageState()
  }

  async call<T>(
    method: string,
    path: string,
    data?: unknown,
  ): Promise<{ status: number; body: T }> {
    const answer = await this.context.fetch(path, {
      method,
      data,
      headers: { 'X-CSRF-Token': this.csrf },
    })
    const text = await answer.text()
    return { status: answer.status(), body: (text ? JSON.parse(text) : null) as T }
  }

  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.call<T>('GET', path)
    if (status !== 200) {
      throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`)
    }
    return body
  }

  async post<T>(path: string, data: unknown): Promise<T> {
    const { status, body } = await this.call<T>('POST', path, data)
    if (status !== 200 && status !== 201) {
      throw new Error(`POST ${path} answered ${status}: ${JSON.stringify(body)}`)
    }
    return body
  }

  dispose(): Promise<void> {
    return this.context.dispose()
  }
}
