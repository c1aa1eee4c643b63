-- macro why: causes of one session, the S&P 500's unless another market is named: FROM why('2020-03-16')
CREATE MACRO why(asked_session, asked_market := 'SPX') AS TABLE
SELECT * FROM cause WHERE session = CAST(asked_session AS DATE) AND market = asked_market ORDER BY share DESC
