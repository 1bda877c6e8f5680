-- A database of schema version 1, as the first release made it: its tables, its triggers and some rows.
-- The tokens are those of opaque_tokens.json.

CREATE TABLE authmux_credentials (
  id VARCHAR(16) NOT NULL,
  kind VARCHAR(8) NOT NULL,
  env VARCHAR(8),
  tenant_id VARCHAR(255),
  owner_type VARCHAR(8) NOT NULL,
  owner_issuer VARCHAR(512) NOT NULL,
  owner_id VARCHAR(255) NOT NULL,
  parent_id VARCHAR(16),
  parent_generation INTEGER,
  created_by VARCHAR(255) NOT NULL,
  name VARCHAR(255) NOT NULL,
  description TEXT NOT NULL,
  scopes TEXT NOT NULL,
  resources TEXT NOT NULL,
  audience VARCHAR(512),
  allowed_cidrs TEXT NOT NULL,
  allowed_origins TEXT NOT NULL,
  limit_policy VARCHAR(64),
  created_at DOUBLE NOT NULL,
  not_before DOUBLE,
  expires_at DOUBLE,
  rotate_by DOUBLE,
  disabled_at DOUBLE,
  disabled_by VARCHAR(255),
  revoked_at DOUBLE,
  revoked_by VARCHAR(255),
  revoked_reason TEXT,
  deleted_at DOUBLE,
  meta TEXT NOT NULL,
  row_version INTEGER NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(parent_id) REFERENCES authmux_credentials (id)
);
CREATE INDEX authmux_credentials_owner ON authmux_credentials (owner_type, owner_issuer, owner_id, tenant_id, kind);
CREATE INDEX authmux_credentials_parent ON authmux_credentials (parent_id);
CREATE INDEX authmux_credentials_tenant ON authmux_credentials (tenant_id, id);
CREATE TABLE authmux_pepper_checks (
  pepper_id VARCHAR(32) NOT NULL,
  "check" BLOB NOT NULL,
  PRIMARY KEY (pepper_id)
);
CREATE TABLE authmux_revision (
  id SMALLINT NOT NULL,
  token VARCHAR(32) NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE authmux_schema (
  id SMALLINT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE authmux_credential_secrets (
  credential_id VARCHAR(16) NOT NULL,
  generation INTEGER NOT NULL,
  digest BLOB NOT NULL,
  algorithm VARCHAR(32) NOT NULL,
  pepper_id VARCHAR(32) NOT NULL,
  hint VARCHAR(4) NOT NULL,
  created_at DOUBLE NOT NULL,
  retire_at DOUBLE,
  PRIMARY KEY (credential_id, generation),
  FOREIGN KEY(credential_id) REFERENCES authmux_credentials (id)
);
CREATE TABLE authmux_credential_usage (
  credential_id VARCHAR(16) NOT NULL,
  uses BIGINT NOT NULL,
  last_used_at DOUBLE,
  last_address VARCHAR(64),
  last_status_class SMALLINT,
  PRIMARY KEY (credential_id),
  FOREIGN KEY(credential_id) REFERENCES authmux_credentials (id)
);

CREATE TRIGGER IF NOT EXISTS authmux_credentials_insert AFTER INSERT ON authmux_credentials BEGIN UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER IF NOT EXISTS authmux_credentials_update AFTER UPDATE ON authmux_credentials BEGIN UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER IF NOT EXISTS authmux_credentials_delete AFTER DELETE ON authmux_credentials BEGIN UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER IF NOT EXISTS authmux_credential_secrets_insert AFTER INSERT ON authmux_credential_secrets BEGIN UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER IF NOT EXISTS authmux_credential_secrets_update AFTER UPDATE ON authmux_credential_secrets BEGIN UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END;
CREATE TRIGGER IF NOT EXISTS authmux_credential_secrets_delete AFTER DELETE ON authmux_credential_secrets BEGIN UPDATE authmux_revision SET token = lower(hex(randomblob(16))); END;

INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('rj7n9ryxrsgmnngb', 'key', 'live', NULL, 'client', 'acme', 'job', NULL, NULL, 'system', 'golden 0', 'it''s a note', 'reports:read', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{"team": "Übersetzung", "cost": 0.1, "none": null}', 1);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('64f8yptwdstsahwy', 'pat', NULL, 't1', 'user', 'https://tenant.example/', 'u|7', NULL, NULL, 'system', 'laptop 1 of Zoë', '', 'reports:read reports:write', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, 4102444800.5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', 1);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('w2jqb1jvgbz751tg', 'key', NULL, NULL, 'client', 'acme', 'job', NULL, NULL, 'system', 'golden 2', '', 'reports:read', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', 1);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('hf615ctv36em863m', 'pat', 'test', 't1', 'user', 'https://tenant.example/', 'u|7', NULL, NULL, 'system', 'laptop 3 of Zoë', '', 'reports:read reports:write', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, 4102444800.5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', 1);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('aaaaaaaaaaaaaaaa', 'key', NULL, NULL, 'client', 'acme', 'job', NULL, NULL, 'system', 'disabled', '', 'reports:read', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, NULL, NULL, 1790000100.0, 'system', NULL, NULL, NULL, NULL, '{}', 2);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('bbbbbbbbbbbbbbbb', 'key', NULL, NULL, 'client', 'acme', 'job', NULL, NULL, 'system', 'revoked', '', 'reports:read', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, NULL, NULL, NULL, NULL, 1790000200.125, 'admin', 'compromised: found on a wall', NULL, '{}', 2);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('cccccccccccccccc', 'key', NULL, NULL, 'client', 'acme', 'job', 'rj7n9ryxrsgmnngb', 1, 'system', 'expired', '', 'reports:read', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, 1790000300.0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', 2);
INSERT INTO authmux_credentials (id, kind, env, tenant_id, owner_type, owner_issuer, owner_id, parent_id, parent_generation, created_by, name, description, scopes, resources, audience, allowed_cidrs, allowed_origins, limit_policy, created_at, not_before, expires_at, rotate_by, disabled_at, disabled_by, revoked_at, revoked_by, revoked_reason, deleted_at, meta, row_version)
  VALUES ('dddddddddddddddd', 'key', NULL, NULL, 'none', '', '', NULL, NULL, 'system', 'deleted', '', 'reports:read', '[]', NULL, '[]', '[]', NULL, 1790000000.25, NULL, NULL, NULL, NULL, NULL, 1790000400.0, 'admin', 'other', 1790000400.0, '{}', 2);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('rj7n9ryxrsgmnngb', 1, X'e2b0508bb96e904238d02fc6067d43477abbc2d699258133356550b32db8ddef', 'hmac-sha256', 'p2-2026', 'isQ4', 1790000000.25, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('64f8yptwdstsahwy', 1, X'dd5d4ad53f5d1cc7918fa4feacaea7c4fa84be7011f69f086cf04e04607293e3', 'hmac-sha256', 'p1', 'vUcB', 1790000000.25, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('w2jqb1jvgbz751tg', 1, X'a49898f523cdea8d708b3d130fb2996f2cf237749d2f1df4830cc5a4ca6d0432', 'hmac-sha256', 'p2-2026', 'uJzJ', 1790000000.25, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('hf615ctv36em863m', 1, X'9f32831a6ac10b2c3f6d17998dc4fbf2d1ce80ad3238999198ba4291186ab269', 'hmac-sha256', 'p1', 'BEDy', 1790000000.25, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('aaaaaaaaaaaaaaaa', 1, X'0000000000000000000000000000000000000000000000000000000000000000', 'hmac-sha256', 'p1', 'wxyz', 1790000000.25, 1790000050.0);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('aaaaaaaaaaaaaaaa', 2, X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hmac-sha256', 'p2-2026', 'abcd', 1790000040.0, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('bbbbbbbbbbbbbbbb', 1, X'0000000000000000000000000000000000000000000000000000000000000000', 'hmac-sha256', 'p1', 'wxyz', 1790000000.25, 1790000050.0);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('bbbbbbbbbbbbbbbb', 2, X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hmac-sha256', 'p2-2026', 'abcd', 1790000040.0, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('cccccccccccccccc', 1, X'0000000000000000000000000000000000000000000000000000000000000000', 'hmac-sha256', 'p1', 'wxyz', 1790000000.25, 1790000050.0);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('cccccccccccccccc', 2, X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hmac-sha256', 'p2-2026', 'abcd', 1790000040.0, NULL);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('dddddddddddddddd', 1, X'0000000000000000000000000000000000000000000000000000000000000000', 'hmac-sha256', 'p1', 'wxyz', 1790000000.25, 1790000050.0);
INSERT INTO authmux_credential_secrets (credential_id, generation, digest, algorithm, pepper_id, hint, created_at, retire_at)
  VALUES ('dddddddddddddddd', 2, X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hmac-sha256', 'p2-2026', 'abcd', 1790000040.0, NULL);
INSERT INTO authmux_pepper_checks (pepper_id, "check")
  VALUES ('p1', X'cbe9ecab163abba99e3019f49dbf676a00a7ce44783a468fb6a7f93f9bdfbcfb');
INSERT INTO authmux_pepper_checks (pepper_id, "check")
  VALUES ('p2-2026', X'0fb77567161aef4716e18984c7eef989cb34698b5c2be5146ee225b6619c0e9e');
INSERT INTO authmux_revision (id, token)
  VALUES (1, '0123456789abcdef0123456789abcdef');
INSERT INTO authmux_schema (id, version)
  VALUES (1, 1);

UPDATE authmux_revision SET token = '0123456789abcdef0123456789abcdef';
