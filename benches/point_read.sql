SELECT tenant_id, id, email, name, role_id FROM dbverdict_chat.users WHERE tenant_id = :tenant AND id = :user;
