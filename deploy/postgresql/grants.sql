-- After every `manage.py migrate` and `manage.py restore`, as points_owner, in the database itself:
--   psql -d points -U points_owner -v ON_ERROR_STOP=1 -f deploy/postgresql/grants.sql
GRANT USAGE ON SCHEMA public TO points_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO points_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO points_app;
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM points_app;

-- Append-only tables carry a trigger named …_keep_rows; of these the program may read and add rows.
DO $$
DECLARE
  guarded regclass;
BEGIN
  FOR guarded IN
    SELECT tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE '%\_keep\_rows'
  LOOP
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM points_app', guarded);
  END LOOP;
END
$$;
