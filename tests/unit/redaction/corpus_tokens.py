"""Shapes of tokens and ids as a compact table: ``ghp_[a36]`` is a prefix and 36 drawn characters.

In brackets stand an alphabet and a length: a letters and digits (mixed), h hexadecimal, H the same
in capitals, d digits, l letters, u base32 capitals, U capitals and digits, w URL-safe, b base64.
"""

from __future__ import annotations

# Issuers beyond those of `corpus_makers.vendor`, after their documentation and public rule lists.
VENDORS = """
ATATT3xFfGF0[w180]=[H8] ATBB[a32] ATCTT3xFfGN0[w170]=[H8] CFPAT-[w43] CCIPAT_[a22]_[h40] dckr_pat_[w27] figd_[w40]
tfp_[a44]_[a14] dt0c01.[U24].[U64] pul-[h40] sntryu_[h64] sgp_[h40] sgp_[h16]_[h40] squ_[h40] sqp_[h40] fio-u-[w64]
glc_eyJ[a80] glrt-[w20] glcbt-[h2]_[w20] glsoat-[w20] GOCSPX-[w28] 1//0[w80] HRKU-AA[w58] api_org_[l34] nfp_[a36]
ntn_[d11][a35] secret_[a43] pscale_pw_[w43] pscale_tkn_[w43] PMAK-[h24]-[h34] xkeysib-[h64]-[a16] SG.[w22].[w43]
shppa_[h32] shpss_[h32] shpca_[h32] sq0atp-[w22] EAAAE[w60] sk_test_[a24] rk_live_[a99] whsec_[a32] xapp-1-A[U10]-[d13]-[h64]
xoxe.xoxp-1-[a160] xoxs-[d11]-[d11]-[d11]-[h10] tskey-auth-[a16]-[a32] hvb.[w150] [a14].atlasv1.[w67] pat[a14].[h64]
lin_oauth_[h64] dp.st.prd.[a43] dop_v1_[h64] doo_v1_[h64] dor_v1_[h64] npm_[a36] rdme_[h70] EZAK[a54] EZTK[a54]
FLWSECK_TEST-[h32]-X duffel_test_[w43] CLOJARS_[h60] AKCp[a69] LTAI5t[a18] AGE-SECRET-KEY-1[u58] p8e-[a32]
AIza[w35] ya29.[w120] sk-ant-api03-[w93]AA sk-ant-admin01-[w93]AA sk-proj-[w74]T3BlbkFJ[w74] sk-svcacct-[w74] sk-or-v1-[h64]
gsk_[a52] xai-[a80] pplx-[a48] r8_[a37] hf_[l34] nvapi-[w64] tvly-dev-[a32] fc-[h32] re_[a8]_[a24] lsv2_pt_[h32]_[h10]
pcsk_[a6]_[a63] sbp_[h40] sb_secret_[w31] vcp_[a56] phx_[a43] ops_eyJ[a300] A3-[U6]-[U11]-[U5]-[U5]-[U5] ABSK[a109]=
fm2_lJPE[b200] fo1_[w43] EAACEdEose0cBA[a150] dapi[h32]-2 NRAK-[U27] rubygems_[h48] pypi-AgEIcHlwaS5vcmc[w90]
oy2[h43] sha256~[w43] v1.0-[h24]-[h146] ico-[a32] shippo_live_[h40] lob_live_[h35] pat-na1-[h8]-[h4]-[h4]-[h4]-[h12]
sk-[h32] [h32]-us12 key-[h32] SK[h32] aio_[a28] github_pat_[a22]_[a59] glpat-[w20] xoxb-[d12]-[d12]-[a24] csk-[a48]
""".split()  # noqa: SIM905 -- read as a table

SHAPES = {
    "akia": "AKIA[u16]", "ghp": "ghp_[a36]", "glpat": "glpat-[w20]", "npm": "npm_[a36]", "hvs": "hvs.[w90]",
    "sk": "sk_live_[a24]", "skcut": "sk_live_[a10]", "aiza": "AIza[w35]", "azsec": "[a3]8Q~[w34]",
    "azkey": "[b86]==", "bcrypt": "$2b$12$[a53]", "discord": "MT[a22].G[a5].[w38]", "up8": "[U8]",
    "mixed24": "[a24]", "mixed22": "[a22]", "mixed32": "[a32]", "hex32": "[h32]", "hex64": "[h64]",
    "mixed16": "[a16]", "mixed18": "[a18]", "mixed20": "[a20]", "mixed26": "[a26]", "mixed28": "[a28]", "mixed64": "[a64]", "zap": "[h7]",
    "fcm": "[a7]:APA91b[w134]", "xoxb": "xoxb-[d12]-[d12]-[a24]", "uuidkey": "[h8]-[h4]-[h4]-[h4]-[h12]",
    "tgtail": "[d6]:AA[w33]", "opaque33": "[w33]", "opaque64": "[w64]",
}  # fmt: skip
INNOCENT_SHAPES = {
    "hex12": "[h12]", "hex24": "[h24]", "hex40": "[h40]", "hex64": "[h64]", "a14": "[a14]", "a24": "[a24]", "a26": "[a26]",
    "a29": "[a29]", "a44": "[a44]", "b22": "[b22]", "a22x": "[w22]", "b64url43": "[w43]", "up8": "[U8]", "up16": "[U16]", "shaup": "[H40]",
    "hexcolon": "[h2]:[h2]:[h2]:[h2]:[h2]", "snow": "11[d17]", "n4": "[d4]",
    "hex8": "[h8]", "hex16": "[h16]", "hex32": "[h32]", "b64": "[b43]", "digits9": "[d9]",
}  # fmt: skip
