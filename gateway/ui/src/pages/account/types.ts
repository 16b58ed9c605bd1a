export interface WebSession {
  pk: string
  current: boolean
  created_at: string
  last_seen_at: string
  expires_at: string
  remote_address: string
  user_agent: string
}

export interface ApiToken {
  pk: number
  name: string
  expires_at: string | null
  created_at: string
  last_used_at: string | null
  token: string
}
