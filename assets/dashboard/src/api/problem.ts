// Errors of the API as people and forms need them.
import type { FetchBaseQueryError } from '@reduxjs/toolkit/query';
import type { SerializedError } from '@reduxjs/toolkit';
import { messages } from '../lib/messages';
import type { FieldProblem, Problem } from './types';

const t = messages({
  unreachable: 'the server cannot be reached',
  unreadable: 'the server sent an answer that cannot be read (status {status})',
  unexpected: 'an unexpected error in this page: {detail}',
});

export type ApiError = FetchBaseQueryError | SerializedError;

function bodyOf(error: ApiError | undefined): Partial<Problem> | null {
  if (!error || !('data' in error) || typeof error.data !== 'object') return null;
  return error.data as Partial<Problem> | null;
}

export function problemStatus(error: ApiError | undefined): number | undefined {
  return error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
}

export function problemCode(error: ApiError | undefined): string | undefined {
  return bodyOf(error)?.code;
}

export function problemText(error: ApiError | undefined): string {
  const detail = bodyOf(error)?.detail;
  if (detail) return detail;
  if (error && 'status' in error) {
    if (error.status === 'FETCH_ERROR' || error.status === 'TIMEOUT_ERROR') return t('unreachable');
    const status = 'originalStatus' in error ? error.originalStatus : error.status;
    return t('unreadable', { status: String(status) });
  }
  return t('unexpected', { detail: String((error as SerializedError | undefined)?.message ?? '') });
}

export function requestId(error: ApiError | undefined): string | undefined {
  return bodyOf(error)?.request_id;
}

export function fieldProblems(error: ApiError | undefined): FieldProblem[] {
  return bodyOf(error)?.errors ?? [];
}
