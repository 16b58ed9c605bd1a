// One's own account as its page edits it.
import type { DraftSchema } from '@/shell/drafts'
import type { Account } from '@/shell/session'

export type ProfileForm = Pick<
  Account,
  'first_name' | 'last_name' | 'secondary_email' | 'phone_number' | 'language'
>

export const PROFILE_DRAFT: DraftSchema<ProfileForm> = {
  first_name: 'text',
  last_name: 'text',
  secondary_email: 'text',
  phone_number: 'text',
  language: 'text',
}

export function profileForm(account: Account): ProfileForm {
  return {
    first_name: account.first_name,
    last_name: account.last_name,
    secondary_email: account.secondary_email,
    phone_number: account.phone_number,
    language: account.language || 'en',
  }
}
