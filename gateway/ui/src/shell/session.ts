import { computed, reactive, readonly, ref } from 'vue'
import { isApiError } from '@/api/errors'
import { setCsrfToken, setHooks } from '@/api/http'
import { request } from '@/api/request'

export type Role = 'SuperAdmins' | 'Resellers' | 'DomainAdmins' | 'SimpleUsers'

export interface Account {
  pk: number
  username: string
  first_name: string
  last_name: string
  email: string
  role: Role
  language: string
  phone_number: string
  secondary_email: string
  domains: string[]
  last_login: string | null
  etag: string
}

const account = ref<Account | null>(null)

/* What was loaded for one account is not for the eyes of the next. */
const forgetters = new Set<() => void>()

export function onForget(forget: () => void): void {
  forgetters.add(forget)
}

function forget(): void {
  forgetters.forEach((one) => one())
}

/* The dialog that asks to log in again: open while somebody waits for its answer. */
export const relogin = reactive({ open: false })
let answer: ((again: boolean) => void) | null = null

export async function loadSession(): Promise<Account | null> {
  try {
    account.value = (await request<Account>('GET', '/api/v1/account/me/')).data
  } catch (error) {
    if (!isApiError(error) || error.status !== 401) {
      throw error
    }
    account.value = null
  }
  return account.value
}

export async function login(username: string, password: string): Promise<Account> {
  const { data } = await request<{ account?: Account; csrf_token: string }>(
    'POST',
    '/api/v1/auth/login/',
    { body: { username, password } },
  )
  setCsrfToken(data.csrf_token)
  const { data: me } = await request<Account>('GET', '/api/v1/account/me/')
  if (account.value && account.value.pk !== me.pk) {
    forget()
  }
  account.value = me
  return me
}

/* Calls that met the end of the session go on after a new login, and fail without one. */
export function finishRelogin(again: boolean): void {
  relogin.open = false
  answer?.(again)
  answer = null
}

function askToLogInAgain(): Promise<boolean> {
  if (!account.value) {
    return Promise.resolve(false)
  }
  relogin.open = true
  return new Promise((resolve) => {
    answer = resolve
  })
}

export function watchSession(): void {
  setHooks({ relogin: askToLogInAgain })
}

async function logout(): Promise<void> {
  try {
    await request('POST', '/api/v1/auth/logout/')
  } catch (error) {
    if (!isApiError(error) || error.status !== 401) {
      throw error
    }
  } finally {
    account.value = null
    setCsrfToken('')
    forget()
  }
}

export function useSession() {
  return {
    account: readonly(account),
    isSuperAdmin: computed(() => account.value?.role === 'SuperAdmins'),
    /* Whether the user has one of these roles. */
    can: (...roles: Role[]) => account.value !== null && roles.includes(account.value.role),
    replaceAccount: (changed: Account) => {
      account.value = changed
    },
    logout,
  }
}
